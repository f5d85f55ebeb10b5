#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "vision/geometry.h"

namespace ocelli::vision {

/// The corners of something flat in a picture, such as a line of text, clockwise from what is its top left.
struct Quadrilateral {
  std::array<PixelPoint, 4> corners;

  static float distance(PixelPoint a, PixelPoint b) { return std::hypot(a.x - b.x, a.y - b.y); }
  /// The longer of the two opposite sides.
  float width() const { return std::max(distance(corners[0], corners[1]), distance(corners[3], corners[2])); }
  float height() const { return std::max(distance(corners[0], corners[3]), distance(corners[1], corners[2])); }
  bool finite() const {
    return std::all_of(corners.begin(), corners.end(),
                       [](PixelPoint corner) { return std::isfinite(corner.x) && std::isfinite(corner.y); });
  }
  bool operator==(const Quadrilateral&) const = default;
};

}  // namespace ocelli::vision
