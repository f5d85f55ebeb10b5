#pragma once

#include <cmath>

#include "vision/geometry.h"

namespace ocelli::track {

/// How the picture moved since the frame before because the camera moved: (x, y) → (xx x + xy y + x0, yx x + yy y +
/// y0), source pixels. The default is a camera that stands still.
struct CameraMotion {
  float xx = 1, xy = 0, x0 = 0;
  float yx = 0, yy = 1, y0 = 0;

  vision::PixelPoint moved(vision::PixelPoint point) const {
    return {xx * point.x + xy * point.y + x0, yx * point.x + yy * point.y + y0};
  }
  /// Of a difference of two points, such as a velocity.
  vision::PixelPoint turned(vision::PixelPoint difference) const {
    return {xx * difference.x + xy * difference.y, yx * difference.x + yy * difference.y};
  }
  /// By how much lengths grow.
  float zoom() const { return std::sqrt(std::abs(xx * yy - xy * yx)); }

  bool operator==(const CameraMotion&) const = default;
};

inline vision::PixelPoint center(const vision::PixelBox& box) {
  return {box.left + box.width / 2, box.top + box.height / 2};
}

}  // namespace ocelli::track
