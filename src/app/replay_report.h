#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/effective.h"
#include "engine/recording_format.h"
#include "engine/replay.h"
#include "engine/replay_diff.h"

namespace ocelli::app {

/// All that `ocelli replay` has to tell.
struct ReplayReport {
  std::string folder;
  engine::RecordingHeader header;
  engine::RecordedRun recorded;
  std::chrono::nanoseconds wall_time{};
  std::uint64_t events = 0;  ///< with the recorded configuration
  bool equal = false;        ///< these are byte by byte what the run wrote
  /// With another configuration.
  struct Other {
    std::vector<config::ChangedSetting> changed;
    std::string reran;               ///< "tracker and rules", "detection, …"
    std::vector<std::string> notes;  ///< for a person, one line each
    std::uint64_t events = 0;
    std::uint64_t frames_without_picture = 0;
    std::optional<engine::EventDiff> diff;  ///< with --diff
  };
  std::optional<Other> other;
};

/// How much of the recording could be used, if not all; one line each.
std::vector<std::string> recording_notes(const engine::RecordedRun& recorded);

std::string replay_text(const ReplayReport& report);
/// One JSON object, as docs/replay.md describes it.
std::string replay_json(const ReplayReport& report);

/// "1:02:03.5", "0:41.3": for people.
std::string media_time_text(media::MediaTime time);

}  // namespace ocelli::app
