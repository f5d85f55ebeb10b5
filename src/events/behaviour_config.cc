#include "events/behaviour_config.h"

namespace ocelli::events {

std::optional<std::string> behaviour_defect(const BehaviourThresholds& thresholds) {
  if (thresholds.end_score > thresholds.score) return "end_score must not be above score";
  return std::nullopt;
}

}  // namespace ocelli::events
