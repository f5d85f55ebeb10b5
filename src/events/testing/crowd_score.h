#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "events/event.h"
#include "events/testing/crowd_simulator.h"
#include "events/testing/crowd_truth.h"

namespace ocelli::events::testing {

inline constexpr std::array<EventType, 4> kCrowdTransitions{EventType::crowd_gathering, EventType::crowd_loitering,
                                                            EventType::crowd_dispersing, EventType::crowd_ended};

/// How events agree with the truth. An event is right when it lies within a second of the rule's own time, at the same
/// place. A sum of scenes is the sum of their scores.
///
/// A truth is firm when close_truths() all tell it, too, within a second. What is not firm is told apart in a second
/// count, as benchmarks do with what nobody can decide ("don't care" in KITTI, Geiger et al. 2012): truths that are not
/// firm, and events that belong to one or that are right by a close truth, are neither right nor wrong there.
struct CrowdScore {
  int truths = 0;
  int events = 0;
  int right = 0;
  int firm_truths = 0;
  int firm_events = 0;
  int firm_right = 0;
  std::vector<double> lateness_s;  ///< of all pairs within three seconds; below 0: too early

  double precision() const { return events == 0 ? 1 : static_cast<double>(right) / events; }
  double recall() const { return truths == 0 ? 1 : static_cast<double>(right) / truths; }
  double firm_precision() const { return firm_events == 0 ? 1 : static_cast<double>(firm_right) / firm_events; }
  double firm_recall() const { return firm_truths == 0 ? 1 : static_cast<double>(firm_right) / firm_truths; }
  /// Of the absolute lateness; `share` 0.5 is the median.
  double lateness_quantile_s(double share) const;
  double within_a_second() const;
  CrowdScore& operator+=(const CrowdScore& other);
};
using CrowdScores = std::array<CrowdScore, kCrowdTransitions.size()>;  ///< in the order of kCrowdTransitions

/// What the rule is given.
enum class CrowdInput {
  tracks,      ///< simulated ones, whose numbers change
  detections,  ///< simulated ones, through the tracker's default preset
};

/// Whether the firm ones are counted, too: that takes the truth five times.
enum class CrowdCount { all, also_firm };

CrowdScores score_scene(const Scene& scene, Calibration calibration, CrowdInput input, std::uint64_t seed,
                        CrowdCount count = CrowdCount::all);

}  // namespace ocelli::events::testing
