#include "events/dwell_rule.h"

namespace ocelli::events {

void DwellRule::see(const Object& object, const Scene& scene, Report& report) {
  const ZoneRule::Stay* const in_zone = zone_.stay(object.id);
  if (in_zone == nullptr || !in_zone->counted_inside) return end(object, scene, report);
  Stay& stay = stays_.try_emplace(object.id, Stay{in_zone->inside_since, in_zone->inside_since}).first->second;
  if (!in_zone->surely_inside()) return;
  stay.last_inside = scene.frame.time;
  if (stay.told || stay.last_inside - stay.since < zone_.config().dwell) return;
  stay.told = true;
  report.happened(draft(object, stay, report));
}

void DwellRule::end(const Object& object, const Scene& /*scene*/, Report& report) {
  const auto stay = stays_.find(object.id);
  if (stay == stays_.end()) return;
  if (!stay->second.told) report.nearly_happened(draft(object, stay->second, report));
  stays_.erase(stay);
}

Event DwellRule::draft(const Object& object, const Stay& stay, const Report& report) const {
  Event event = report.draft(EventType::zone_dwell, object, name());
  event.since = stay.since;
  event.gates = {at_least("dwell_s", to_seconds(stay.last_inside - stay.since), to_seconds(zone_.config().dwell))};
  return event;
}

}  // namespace ocelli::events
