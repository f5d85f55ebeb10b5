#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ocelli::infer {
class Tcn;
}  // namespace ocelli::infer

namespace ocelli::events {

/// What makes one class of learned behaviour an event; docs/behaviour.md has the classes. A value.
struct BehaviourThresholds {
  std::string name;                            ///< of the class, as the network calls it, such as "run"
  float score = 0.7F;                          ///< that the class needs, as a mean over about the last second; 0…1
  std::chrono::milliseconds hold{2'000};       ///< for this long without a break: it has begun
  float end_score = 0.4F;                      ///< no more than this …
  std::chrono::milliseconds end_after{2'000};  ///< … for this long: it has ended
  float quality = 0.3F;                        ///< that the track needs: Track::quality
};

/// Which behaviour of people a camera tells. A value.
struct BehaviourConfig {
  std::vector<BehaviourThresholds> classes;  ///< each at most once; none: nothing is told
  /// Knows all of them, and BehaviourClassifier takes it; unused without classes. Co-owned by all cameras of a
  /// configuration: weights are many, and nobody changes them.
  std::shared_ptr<const infer::Tcn> network;
};

/// What makes the values contradict each other, in one line.
std::optional<std::string> behaviour_defect(const BehaviourThresholds& thresholds);

}  // namespace ocelli::events
