#pragma once

#include "events/rule.h"
#include "events/zone_rule.h"

namespace ocelli::events {

/// zone_entered and zone_left of one zone. The zone's other rules look at its stays, so it is shown each object before
/// them.
class ZoneEvents final : public Rule {
 public:
  explicit ZoneEvents(const ZoneConfig& config) : Rule(config.name, config.labels), zone_(config) {}

  void see(const Object& object, const Scene& scene, Report& report) override;
  void end(const Object& object, const Scene& scene, Report& report) override;

  const ZoneRule& zone() const { return zone_; }

 private:
  void tell(const Object& object, ZoneRule::Judgement judgement, Report& report) const;

  ZoneRule zone_;
};

}  // namespace ocelli::events
