#include "events/crossing.h"

#include <algorithm>
#include <cmath>

namespace ocelli::events {
namespace {

constexpr double kGrid = 1 << 24;
constexpr double kFarthest = 8;

std::int64_t coordinate(double share) {
  // Written so that what is no number goes to the border, too.
  const double within = share > -kFarthest ? std::min(share, 1 + kFarthest) : -kFarthest;
  return std::llround(within * kGrid);
}

/// Twice the area of the triangle a, b, c; above zero when c lies to the right of the way from a to b, on the screen.
std::int64_t exact_turn(GridPoint a, GridPoint b, GridPoint c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/// Whether the point, shifted by (ε, ε²), lies to the right of the way from a to b.
bool shifted_is_right(GridPoint a, GridPoint b, GridPoint point) {
  const std::int64_t turn = exact_turn(a, b, point);
  if (turn != 0) return turn > 0;
  // The shift adds (b.x − a.x) ε² − (b.y − a.y) ε.
  return a.y != b.y ? b.y < a.y : b.x > a.x;
}

/// Whether the point lies to the right of the step when the step is shifted by (ε, ε²).
bool is_right_of_shifted(GridPoint step_from, GridPoint step_to, GridPoint point) {
  const std::int64_t turn = exact_turn(step_from, step_to, point);
  if (turn != 0) return turn > 0;
  return step_from.y != step_to.y ? step_to.y > step_from.y : step_to.x < step_from.x;
}

}  // namespace

GridPoint to_grid(Anchor share) {
  return {coordinate(share.x), coordinate(share.y)};
}

int signed_crossing(GridPoint step_from, GridPoint step_to, GridPoint segment_from, GridPoint segment_to) {
  const bool ends_right = shifted_is_right(segment_from, segment_to, step_to);
  if (shifted_is_right(segment_from, segment_to, step_from) == ends_right) return 0;
  if (is_right_of_shifted(step_from, step_to, segment_from) == is_right_of_shifted(step_from, step_to, segment_to)) {
    return 0;
  }
  return ends_right ? 1 : -1;
}

double share_before_crossing(GridPoint step_from, GridPoint step_to, GridPoint segment_from, GridPoint segment_to) {
  const auto before = static_cast<double>(std::abs(exact_turn(segment_from, segment_to, step_from)));
  const auto behind = static_cast<double>(std::abs(exact_turn(segment_from, segment_to, step_to)));
  return before + behind > 0 ? before / (before + behind) : 0;
}

}  // namespace ocelli::events
