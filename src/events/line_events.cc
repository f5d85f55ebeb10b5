#include "events/line_events.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace ocelli::events {

void LineEvents::see(const Object& object, const Scene& scene, Report& report) {
  // It came from somewhere while it was not believed yet: who is believed only beyond the line has crossed it, too.
  if (object.is_new) line_.see(object.id, object.first_anchor, scene.picture(), object.track.first_seen);
  const auto count = line_.see(object.id, object.anchor, scene.picture(), scene.frame.time);
  for (int i = 0; i < std::abs(count.crossings); ++i) crossed(object, count, report);
  if (count.nearly != 0) nearly_crossed(object, count, report);
}

void LineEvents::end(const Object& object, const Scene& /*scene*/, Report& report) {
  const auto count = line_.forget(object.id);
  if (count.nearly != 0) nearly_crossed(object, count, report);
}

Event LineEvents::draft(EventType type, const Object& object, Direction direction, const LineRule::Count& count,
                        const Report& report) const {
  Event event = report.draft(type, object, name());
  event.direction = direction == Direction::forward ? "forward" : "backward";
  event.since = count.at;
  event.gates = count.gates;
  return event;
}

bool LineEvents::is_wrong_way(Direction direction) const {
  const auto allowed = line_.config().allowed;
  return (allowed == AllowedDirection::forward && direction == Direction::backward) ||
         (allowed == AllowedDirection::backward && direction == Direction::forward);
}

void LineEvents::crossed(const Object& object, const LineRule::Count& count, Report& report) {
  const auto direction = count.crossings > 0 ? Direction::forward : Direction::backward;
  ++totals_[static_cast<int>(direction)];
  Event event = draft(EventType::line_crossed, object, direction, count, report);
  const auto forward = static_cast<double>(totals_[0]);
  const auto backward = static_cast<double>(totals_[1]);
  event.readings = {{"forward_total", forward}, {"backward_total", backward}, {"net_total", forward - backward}};
  report.happened(std::move(event));
  if (is_wrong_way(direction)) report.happened(draft(EventType::wrong_way, object, direction, count, report));
  if (line_.config().tailgating.count() > 0) follow(object, direction, count.at, report);
}

void LineEvents::nearly_crossed(const Object& object, const LineRule::Count& count, Report& report) const {
  const auto direction = count.nearly > 0 ? Direction::forward : Direction::backward;
  const auto type = is_wrong_way(direction) ? EventType::wrong_way : EventType::line_crossed;
  report.nearly_happened(draft(type, object, direction, count, report));
}

/// Who goes through behind somebody. Crossings are told late, by the hysteresis, so the two may come in either order.
void LineEvents::follow(const Object& object, Direction direction, media::MediaTime at, Report& report) {
  auto& last = last_passage_[static_cast<int>(direction)];
  const Passage now{object.id, object.track.id, at};
  if (last && last->object != object.id) {
    const auto gap = at > last->at ? at - last->at : last->at - at;
    Event event = report.draft(EventType::tailgating, object, name());
    event.direction = direction == Direction::forward ? "forward" : "backward";
    event.since = std::min(at, last->at);
    event.members = {std::min(last->track, now.track), std::max(last->track, now.track)};
    event.gates = {at_most("gap_s", to_seconds(gap), to_seconds(line_.config().tailgating))};
    if (event.gates[0].passed) {
      report.happened(std::move(event));
    } else {
      report.nearly_happened(std::move(event));
    }
  }
  if (!last || at >= last->at) last = now;
}

}  // namespace ocelli::events
