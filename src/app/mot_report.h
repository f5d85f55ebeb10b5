#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "eval/peers.h"
#include "eval/protocol.h"
#include "eval/score.h"

namespace ocelli::app {

/// How a tracker did on one sequence.
struct MotSequenceReport {
  std::string name;
  int frames = 0;
  eval::Score score;
  std::optional<std::chrono::nanoseconds> in_tracker;  ///< none where results were only read
};

/// How it did with what it was given.
struct MotRun {
  std::optional<eval::Given> given;  ///< none where nobody knows what that tracker saw
  std::vector<MotSequenceReport> sequences;
};

/// What `ocelli eval mot` found out.
struct MotReport {
  std::string benchmark;  ///< the folder's name
  eval::Protocol protocol = eval::Protocol::mot15;
  std::string tracker;       ///< "ocelli, preset default", or where the results are from
  std::vector<MotRun> runs;  ///< at least one; all over the same sequences
};

/// A table for people: each run by sequence and combined, and beside `peers` of the same class, where there are any.
std::string mot_table(const MotReport& report, const eval::PeerSet* peers);

/// All of it for programs; shares in percent, unrounded.
std::string mot_json(const MotReport& report, const eval::PeerSet* peers);

}  // namespace ocelli::app
