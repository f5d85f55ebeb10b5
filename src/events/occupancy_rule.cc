#include "events/occupancy_rule.h"

#include <algorithm>
#include <utility>

namespace ocelli::events {

void OccupancyRule::see(const Object& object, const Scene& scene, Report& report) {
  const ZoneRule::Stay* const stay = zone_.stay(object.id);
  if (stay == nullptr || !stay->counted_inside) return end(object, scene, report);
  const auto [inside, came] = inside_.try_emplace(object.id, Inside{arrivals_ + 1, object});
  if (came) ++arrivals_;
  inside->second.object = object;
}

void OccupancyRule::end(const Object& object, const Scene& /*scene*/, Report& /*report*/) {
  if (inside_.erase(object.id) > 0) left_last_ = object;
}

bool OccupancyRule::is_full() const {
  return inside_.size() >= static_cast<std::size_t>(zone_.config().occupancy);
}

void OccupancyRule::after_frame(const Scene& scene, Report& report) {
  const auto now = scene.frame.time;
  if (is_full() == told_full_) {
    otherwise_since_.reset();
    if (!told_full_) watch_peak(scene, report, 0);
    return;
  }
  if (!otherwise_since_) otherwise_since_ = now;
  const double held_s = to_seconds(now - *otherwise_since_);
  if (now - *otherwise_since_ < zone_.config().occupancy_for) {
    if (!told_full_) watch_peak(scene, report, held_s);
    return;
  }
  told_full_ = !told_full_;
  peak_.reset();
  watching_ = false;
  Event event = told_full_ ? began(report, held_s) : ended(report, held_s);
  event.since = std::exchange(otherwise_since_, std::nullopt);
  report.happened(std::move(event));
}

const Object& OccupancyRule::newest() const {
  return std::max_element(inside_.begin(), inside_.end(),
                          [](const auto& a, const auto& b) { return a.second.arrival < b.second.arrival; })
      ->second.object;
}

Event OccupancyRule::began(const Report& report, double held_s) const {
  Event event = report.draft(EventType::occupancy_began, newest(), name());
  add_members(event);
  event.gates = {at_least("objects", static_cast<double>(inside_.size()), zone_.config().occupancy)};
  // As long as there are too few, nothing is held.
  if (event.gates[0].passed) {
    event.gates.push_back(at_least("held_s", held_s, to_seconds(zone_.config().occupancy_for)));
  }
  return event;
}

Event OccupancyRule::ended(const Report& report, double held_s) const {
  Event event = report.draft(EventType::occupancy_ended, *left_last_, name());
  add_members(event);
  event.gates = {at_most("objects", static_cast<double>(inside_.size()), zone_.config().occupancy - 1),
                 at_least("held_s", held_s, to_seconds(zone_.config().occupancy_for))};
  return event;
}

void OccupancyRule::add_members(Event& event) const {
  for (const auto& [id, inside] : inside_) event.members.push_back(inside.object.track.id);
  std::sort(event.members.begin(), event.members.end());
}

/// The chance has passed when the zone is less than half full: until then somebody may still come.
void OccupancyRule::watch_peak(const Scene& scene, Report& report, double held_s) {
  const auto count = inside_.size();
  if (2 * count < static_cast<std::size_t>(zone_.config().occupancy)) {
    watching_ = true;
    if (!peak_) return;
    // What it was at its fullest, told now.
    Event passed = std::exchange(peak_, std::nullopt)->event;
    passed.time = scene.frame.time;
    passed.wall_time = scene.frame.captured;
    passed.frame = scene.frame.sequence;
    report.nearly_happened(std::move(passed));
    return;
  }
  if (!watching_ || (peak_ && std::pair(peak_->count, peak_->held_s) >= std::pair(count, held_s))) return;
  peak_ = Peak{count, held_s, began(report, held_s)};
}

}  // namespace ocelli::events
