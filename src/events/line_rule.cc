#include "events/line_rule.h"

#include <cmath>
#include <cstdlib>
#include <utility>

namespace ocelli::events {
namespace {

Anchor corner_in_pixels(vision::UnitPoint point, PictureSize picture) {
  return to_pixels({point.x, point.y}, picture);
}

/// +1, −1 or 0: whether the step crosses the segment and in which direction. A point on the line counts as right of it,
/// on both ends of a step and for both ends of the segment: so each touching is decided once, in the same way.
int signed_crossing(Anchor step_from, Anchor step_to, Anchor line_from, Anchor line_to) {
  const bool from_is_right = turn(line_from, line_to, step_from) >= 0;
  const bool to_is_right = turn(line_from, line_to, step_to) >= 0;
  if (from_is_right == to_is_right) return 0;
  // Always seen from the left end of the step, so that going back undoes what going forth did.
  const Anchor& left = from_is_right ? step_to : step_from;
  const Anchor& right = from_is_right ? step_from : step_to;
  const bool segment_starts_right = turn(left, right, line_from) >= 0;
  const bool segment_ends_right = turn(left, right, line_to) >= 0;
  if (segment_starts_right == segment_ends_right) return 0;
  return to_is_right ? 1 : -1;
}

}  // namespace

LineRule::LineRule(const LineConfig& config) : config_(config) {}

LineRule::Count LineRule::see(std::uint64_t track_id, Anchor anchor, PictureSize picture) {
  const Anchor from = corner_in_pixels(config_.from, picture);
  const Anchor to = corner_in_pixels(config_.to, picture);
  const double length_px = std::hypot(to.x - from.x, to.y - from.y);
  if (!(length_px > 0)) return {};
  const Anchor here = to_pixels(anchor, picture);
  const double distance_px = std::abs(turn(from, to, here)) / length_px;
  const double hysteresis_px = static_cast<double>(config_.hysteresis) * picture.height;
  const bool clearly_on_a_side = distance_px > hysteresis_px;

  const auto [entry, is_new] = walks_.try_emplace(track_id, Walk{anchor});
  Walk& walk = entry->second;
  if (!is_new && walk.came_from_a_side) {
    walk.crossings += signed_crossing(to_pixels(walk.last, picture), here, from, to);
  }
  walk.last = anchor;
  if (!clearly_on_a_side) return {};
  walk.came_from_a_side = true;
  const int crossings = std::exchange(walk.crossings, 0);
  if (crossings == 0) return {};
  return {crossings,
          {{"crossings_since_last_side", static_cast<double>(std::abs(crossings)), 1, true},
           {"distance_from_line_px", distance_px, hysteresis_px, true}}};
}

}  // namespace ocelli::events
