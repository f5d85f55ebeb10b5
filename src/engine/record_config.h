#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace ocelli::engine {

/// Which clips of a camera are kept, and where. A value.
struct RecordConfig {
  std::string folder;                       ///< empty: nothing is recorded
  std::chrono::milliseconds before{5'000};  ///< of the event; from the key frame at or before
  std::chrono::milliseconds after{5'000};
  std::chrono::milliseconds longest{60'000};  ///< events that come meanwhile extend a clip up to this length
  std::vector<std::string> events;            ///< types that are recorded; empty: all
  int folder_mib = 10'240;                    ///< bound on all clips in the folder; the oldest are removed first
  int memory_mib = 16;                        ///< bound on the packets that are kept for a clip to come

  bool enabled() const { return !folder.empty(); }
  std::size_t memory_bytes() const { return static_cast<std::size_t>(memory_mib) << 20U; }
};

/// That an event is part of a clip. A value.
struct EventClip {
  std::string camera;
  std::uint64_t sequence = 0;  ///< of the event
  std::string path;            ///< of the clip, once it is complete; it may come to nothing, and is removed some day
};

/// `invalid`: a type of event that does not exist, or lengths that contradict each other.
base::Status check_record(const RecordConfig& config);

}  // namespace ocelli::engine
