#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "events/kept_rule.h"
#include "events/trail.h"

namespace ocelli::events {

/// wrong_way in a zone: an object goes another way than the zone's heading for long enough. Who stands goes no way.
class HeadingRule final : public KeptRule {
 public:
  explicit HeadingRule(const ZoneRule& zone)
      : KeptRule(zone, EventType::wrong_way, "wrong_way_s", zone.config().wrong_way_for) {}

 private:
  std::vector<Gate> measure(const Object& object) override;
  void forget(std::uint64_t object) override { trails_.erase(object); }

  std::map<std::uint64_t, Trail> trails_;  // in picture heights, by object
};

}  // namespace ocelli::events
