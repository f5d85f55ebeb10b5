#include "events/kept_rule.h"

#include <algorithm>
#include <utility>

namespace ocelli::events {

KeptRule::KeptRule(const ZoneRule& zone, EventType type, std::string gate, std::chrono::milliseconds needed)
    : Rule(zone.config().name, zone.config().labels),
      zone_(zone),
      type_(type),
      gate_(std::move(gate)),
      needed_(needed) {}

void KeptRule::see(const Object& object, const Scene& scene, Report& report) {
  const ZoneRule::Stay* const stay = zone_.stay(object.id);
  if (stay == nullptr || !stay->counted_inside) return end(object, scene, report);
  Watch& watch = watches_[object.id];
  auto gates = measure(object);
  if (watch.told) return;
  const bool does =
      !gates.empty() && std::all_of(gates.begin(), gates.end(), [](const Gate& gate) { return gate.passed; });
  if (!does) return stopped(object, watch, report);
  if (!watch.since) watch.since = scene.frame.time;
  watch.last = scene.frame.time;
  watch.gates = std::move(gates);
  if (watch.last - *watch.since < needed_) return;
  watch.told = true;
  report.happened(draft(object, watch, report));
}

void KeptRule::end(const Object& object, const Scene& /*scene*/, Report& report) {
  const auto watch = watches_.find(object.id);
  if (watch == watches_.end()) return;
  stopped(object, watch->second, report);
  watches_.erase(watch);
  forget(object.id);
}

Event KeptRule::draft(const Object& object, const Watch& watch, const Report& report) const {
  Event event = report.draft(type_, object, name());
  event.since = watch.since;
  event.gates = watch.gates;
  event.gates.push_back(at_least(gate_, to_seconds(watch.last - *watch.since), to_seconds(needed_)));
  return event;
}

void KeptRule::stopped(const Object& object, Watch& watch, Report& report) const {
  if (!watch.told && watch.since) report.nearly_happened(draft(object, watch, report));
  watch.since.reset();
}

}  // namespace ocelli::events
