#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/replay.h"
#include "events/event.h"

namespace ocelli::engine {

/// Whether track 7 of the one run is track 7 of the other.
enum class TrackNumbers {
  same,   ///< both saw the same tracks, and only rules differ
  other,  ///< detections or the tracker differ
};

struct DiffConfig {
  std::chrono::nanoseconds tolerance = std::chrono::seconds(2);  ///< events further apart are two
  TrackNumbers tracks = TrackNumbers::same;
  /// What the configurations say differently of a rule ("" for track events), for a person; empty: nothing.
  std::function<std::string(const std::string& rule)> changes_of_rule;
};

/// One difference between the events of two runs.
struct EventChange {
  enum class Kind {
    added,    ///< only after
    removed,  ///< only before
    moved,    ///< in both, at another time
  };
  Kind kind = Kind::added;
  events::Event event;                 ///< moved: as it was before
  std::optional<events::Event> after;  ///< moved: as it is now
  std::string reason;                  ///< the gates that decided, for a person
  std::vector<events::Gate> gates;     ///< the same for machines: the value, and the threshold of the side without it
};

struct EventDiff {
  std::vector<EventChange> changes;  ///< by time
  std::uint64_t unchanged = 0;

  std::uint64_t count(EventChange::Kind kind) const;
};

/// Pairs the events of two runs over one recording by type, rule, direction, track and time, the nearest first, and
/// says of those that are left which gate decided, as far as near misses and thresholds tell.
EventDiff diff_events(const ReplayedRun& before, const ReplayedRun& after, const DiffConfig& config);

/// "inside_s 6.2, needs at least 10".
std::string describe_gate(const events::Gate& gate);

}  // namespace ocelli::engine
