#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "events/ground.h"
#include "events/kept_rule.h"
#include "events/trail.h"

namespace ocelli::events {

/// speeding: an object in a zone is faster than allowed for long enough. By the ground's plane; without one, only
/// people have a speed, by their own height.
class SpeedRule final : public KeptRule {
 public:
  /// `ground` outlives the rule.
  SpeedRule(const ZoneRule& zone, const Ground& ground)
      : KeptRule(zone, EventType::speeding, "speeding_s", zone.config().speeding_for), ground_(ground) {}

 private:
  std::vector<Gate> measure(const Object& object) override;
  void forget(std::uint64_t object) override { trails_.erase(object); }
  std::optional<double> speed_m_s(const Object& object);

  const Ground& ground_;
  std::map<std::uint64_t, Trail> trails_;  // in metres, or picture heights without a plane; by object
};

}  // namespace ocelli::events
