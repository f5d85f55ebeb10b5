#include "events/speed_rule.h"

#include <cmath>

namespace ocelli::events {
namespace {

constexpr double kKmhPerMetreASecond = 3.6;

}  // namespace

std::optional<double> SpeedRule::speed_m_s(const Object& object) {
  Trail& trail = trails_[object.id];
  double metres = 1;
  if (ground_.has_plane()) {
    const auto place = ground_.place(object.anchor);
    if (!place) return std::nullopt;
    trail.add(object.seen, {place->x, place->y});
  } else {
    if (object.label != kPerson) return std::nullopt;
    trail.add(object.seen, in_picture_heights(object.anchor, object.picture));
    metres = ground_.metres_per_picture_height(object);
  }
  const auto velocity = trail.velocity();
  if (!velocity) return std::nullopt;
  return std::hypot(velocity->x, velocity->y) * metres;
}

std::vector<Gate> SpeedRule::measure(const Object& object) {
  const auto speed = speed_m_s(object);
  if (!speed) return {};
  return {at_least("speed_kmh", *speed * kKmhPerMetreASecond, zone().max_speed_kmh)};
}

}  // namespace ocelli::events
