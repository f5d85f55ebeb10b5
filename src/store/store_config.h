#pragma once

#include <string>

namespace ocelli::store {

/// What is kept, and for how long. A value.
struct StoreConfig {
  bool enabled = true;
  std::string path;             ///< the SQLite file; empty: default_path()
  int keep_days = 30;           ///< after it was stored; 0: for ever
  int max_mib = 2'048;          ///< bound on the file; the oldest goes first; 0: none
  int near_misses = 10'000;     ///< kept of each camera
  int waiting_events = 16'384;  ///< bound on what waits for the disk
};

/// <user's data folder>/ocelli/events.db, where XDG's base directory specification says that is.
std::string default_path();

}  // namespace ocelli::store
