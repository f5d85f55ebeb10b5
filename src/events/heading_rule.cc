#include "events/heading_rule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ocelli::events {
namespace {

/// Slower, in its own heights per second, it has no heading: a third of a metre a second for a person.
constexpr double kSlowest = 0.2;
constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

std::vector<Gate> HeadingRule::measure(const Object& object) {
  Trail& trail = trails_[object.id];
  trail.add(object.seen, in_picture_heights(object.anchor, object.picture));
  const auto velocity = trail.velocity();
  if (!velocity) return {};
  const double speed = std::hypot(velocity->x, velocity->y);
  const double height = std::max(1.0, static_cast<double>(object.track.box.height)) / object.picture.height;
  const double heading = zone().heading_deg * kDegree;
  // Up is towards smaller y.
  const double along = velocity->x * std::sin(heading) - velocity->y * std::cos(heading);
  const double off_deg = speed > 0 ? std::acos(std::clamp(along / speed, -1.0, 1.0)) / kDegree : 0;
  return {at_least("off_heading_deg", off_deg, zone().heading_within_deg),
          at_least("own_heights_a_second", speed / height, kSlowest)};
}

}  // namespace ocelli::events
