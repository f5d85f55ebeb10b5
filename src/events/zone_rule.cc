#include "events/zone_rule.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace ocelli::events {
namespace {

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

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

ZoneRule::Judgement ZoneRule::see(std::uint64_t object, Anchor anchor, media::MediaTime time) {
  Stay& stay = stays_[object];
  const bool inside = contains(config_.corners, anchor);
  const auto last_seen = std::exchange(stay.last_seen, time);
  if (inside == stay.counted_inside) {
    if (!stay.otherwise_since) return {};
    const auto since = *std::exchange(stay.otherwise_since, std::nullopt);
    return inside ? Judgement{} : nearly_entered(since, last_seen);
  }
  if (!stay.otherwise_since) stay.otherwise_since = time;
  const auto since = *stay.otherwise_since;
  if (time - since < config_.min_stay) return {};
  stay.counted_inside = inside;
  stay.otherwise_since.reset();
  if (inside) stay.inside_since = since;
  return {inside ? Change::entered : Change::left,
          {at_least(inside ? "inside_s" : "outside_s", seconds(time - since), seconds(config_.min_stay))},
          since};
}

ZoneRule::Judgement ZoneRule::end(std::uint64_t object) {
  const auto entry = stays_.find(object);
  if (entry == stays_.end()) return {};
  const Stay stay = entry->second;
  stays_.erase(entry);
  if (stay.counted_inside) {
    return {Change::left, {{"track_ended", 1, 1, true}}, stay.otherwise_since.value_or(stay.last_seen)};
  }
  return stay.otherwise_since ? nearly_entered(*stay.otherwise_since, stay.last_seen) : Judgement{};
}

ZoneRule::Judgement ZoneRule::nearly_entered(media::MediaTime since, media::MediaTime until) const {
  return {
      Change::none, {at_least("inside_s", seconds(until - since), seconds(config_.min_stay))}, since, Chance::missed};
}

const ZoneRule::Stay* ZoneRule::stay(std::uint64_t object) const {
  const auto entry = stays_.find(object);
  return entry == stays_.end() ? nullptr : &entry->second;
}

}  // namespace ocelli::events
