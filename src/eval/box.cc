#include "eval/box.h"

#include <algorithm>
#include <limits>

namespace ocelli::eval {

double overlap(const Box& a, const Box& b) {
  constexpr double kTiny = std::numeric_limits<double>::epsilon();
  // Sides from corners, as TrackEval has them: 0.1 + 0.2 - 0.1 is not 0.2, and thresholds are compared to the last bit.
  const double a_right = a.left + a.width;
  const double a_bottom = a.top + a.height;
  const double b_right = b.left + b.width;
  const double b_bottom = b.top + b.height;
  const double width = std::min(a_right, b_right) - std::max(a.left, b.left);
  const double height = std::min(a_bottom, b_bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const double a_area = (a_right - a.left) * (a_bottom - a.top);
  const double b_area = (b_right - b.left) * (b_bottom - b.top);
  if (a_area <= kTiny || b_area <= kTiny) return 0;
  const double intersection = width * height;
  return intersection / (a_area + b_area - intersection);
}

}  // namespace ocelli::eval
