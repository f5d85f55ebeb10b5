#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "events/crowd_config.h"
#include "events/crowd_people.h"
#include "events/crowd_state.h"
#include "media/media_time.h"

namespace ocelli::events {

/// What a crowd was within the last seconds, so that its present can be measured against it. Bounded: some sixty
/// snapshots. One thread at a time.
class CrowdTrail {
 public:
  explicit CrowdTrail(const CrowdConfig& config);

  /// The crowd as it stands now; `elsewhere` are people in other crowds: those have not dispersed, they split off.
  CrowdView measure(media::MediaTime time, const std::vector<std::uint64_t>& members, const CrowdPeople& people,
                    const std::set<std::uint64_t>& elsewhere) const;
  /// After measure(); `members` not empty.
  void remember(media::MediaTime time, const std::vector<std::uint64_t>& members, const CrowdPeople& people);

 private:
  struct Snapshot {
    media::MediaTime time;
    std::vector<std::uint64_t> members;
    std::vector<Anchor> places;  // of the members; not in metres, which the ruler may learn better
    double window_iou = 0;
    double speed_px = 0;
  };
  double mean_since(media::MediaTime begin, double Snapshot::* value) const;
  const Snapshot* oldest_within(media::MediaTime time, std::chrono::nanoseconds age) const;
  static double drift_px(const Snapshot& then, const std::vector<std::uint64_t>& members, const CrowdPeople& people);

  CrowdConfig config_;
  std::deque<Snapshot> snapshots_;
};

}  // namespace ocelli::events
