#pragma once

#include <cstdint>
#include <map>

#include "events/rule.h"
#include "events/zone_rule.h"

namespace ocelli::events {

/// zone_dwell: an object stays in a zone for long; once per stay, at the first sighting inside that is late enough.
/// What the zone takes for one stay is one here, too: a step outside shorter than its min_stay does not end it. Near
/// miss: it left before.
class DwellRule final : public Rule {
 public:
  /// `zone` is shown each object first and outlives the rule.
  explicit DwellRule(const ZoneRule& zone) : Rule(zone.config().name, zone.config().labels), zone_(zone) {}

  void see(const Object& object, const Scene& scene, Report& report) override;
  void end(const Object& object, const Scene& scene, Report& report) override;

 private:
  struct Stay {
    media::MediaTime since;
    media::MediaTime last_inside;
    bool told = false;
  };

  Event draft(const Object& object, const Stay& stay, const Report& report) const;

  const ZoneRule& zone_;
  std::map<std::uint64_t, Stay> stays_;  // by object, of those whose stay counts
};

}  // namespace ocelli::events
