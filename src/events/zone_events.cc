#include "events/zone_events.h"

#include <utility>

namespace ocelli::events {

void ZoneEvents::see(const Object& object, const Scene& scene, Report& report) {
  tell(object, zone_.see(object.id, object.anchor, scene.frame.time), report);
}

void ZoneEvents::end(const Object& object, const Scene& /*scene*/, Report& report) {
  tell(object, zone_.end(object.id), report);
}

void ZoneEvents::tell(const Object& object, ZoneRule::Judgement judgement, Report& report) const {
  const bool nearly = judgement.to_enter == ZoneRule::Chance::missed;
  if (judgement.change == ZoneRule::Change::none && !nearly) return;
  const bool left = judgement.change == ZoneRule::Change::left;
  Event event = report.draft(left ? EventType::zone_left : EventType::zone_entered, object, name());
  event.since = judgement.since;
  event.gates = std::move(judgement.gates);
  if (nearly) {
    report.nearly_happened(std::move(event));
  } else {
    report.happened(std::move(event));
  }
}

}  // namespace ocelli::events
