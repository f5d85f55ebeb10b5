#include "events/zone_rule.h"

#include <chrono>
#include <cstddef>
#include <utility>

namespace ocelli::events {

bool contains(const std::vector<vision::UnitPoint>& corners, Anchor point) {
  bool inside = false;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    Anchor upper{corners[i].x, corners[i].y};
    const auto& next = corners[(i + 1) % corners.size()];
    Anchor lower{next.x, next.y};
    // The same order whichever way round the zone is drawn: two zones must agree on their common edge.
    if (upper.y > lower.y) std::swap(upper, lower);
    const bool in_height = upper.y <= point.y && point.y < lower.y;
    if (in_height && turn(upper, lower, point) <= 0) inside = !inside;
  }
  return inside;
}

ZoneRule::ZoneRule(const ZoneConfig& config) : config_(config) {}

ZoneRule::Judgement ZoneRule::see(std::uint64_t track_id, Anchor anchor, media::MediaTime time) {
  Stay& stay = stays_[track_id];
  const bool inside = contains(config_.corners, anchor);
  if (inside == stay.counted_inside) {
    stay.otherwise_since.reset();
    return {};
  }
  if (!stay.otherwise_since) stay.otherwise_since = time;
  const auto stayed = time - *stay.otherwise_since;
  if (stayed < config_.min_stay) return {};
  stay.counted_inside = inside;
  stay.otherwise_since.reset();
  const double stayed_s = std::chrono::duration<double>(stayed).count();
  const double threshold_s = std::chrono::duration<double>(config_.min_stay).count();
  return {inside ? Change::entered : Change::left, {{inside ? "inside_s" : "outside_s", stayed_s, threshold_s, true}}};
}

ZoneRule::Judgement ZoneRule::end(std::uint64_t track_id) {
  const auto stay = stays_.find(track_id);
  if (stay == stays_.end()) return {};
  const bool was_inside = stay->second.counted_inside;
  stays_.erase(stay);
  if (!was_inside) return {};
  return {Change::left, {{"track_ended", 1, 1, true}}};
}

}  // namespace ocelli::events
