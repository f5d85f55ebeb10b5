#pragma once

#include <algorithm>

namespace ocelli::vision {

/// A point in a picture: pixels, origin at the top-left corner of the top-left pixel, x right, y down.
struct PixelPoint {
  float x = 0;
  float y = 0;
  bool operator==(const PixelPoint&) const = default;
};

/// A box in a picture, same frame as PixelPoint. May reach beyond the picture.
struct PixelBox {
  float left = 0;
  float top = 0;
  float width = 0;
  float height = 0;

  float right() const { return left + width; }
  float bottom() const { return top + height; }
  float area() const { return width * height; }
  /// Where a standing person or a vehicle touches the ground.
  PixelPoint bottom_center() const { return {left + width / 2, top + height}; }
  bool operator==(const PixelBox&) const = default;
};

/// A point as a share of picture width and height, each 0…1: survives a change of resolution. Configuration uses it.
struct UnitPoint {
  float x = 0;
  float y = 0;
  bool operator==(const UnitPoint&) const = default;
};

inline PixelPoint to_pixels(UnitPoint point, int width, int height) {
  return {point.x * static_cast<float>(width), point.y * static_cast<float>(height)};
}

/// Intersection over union (Jaccard index) of two boxes, 0…1; 0 when either is empty.
inline float iou(const PixelBox& a, const PixelBox& b) {
  const float width = std::min(a.right(), b.right()) - std::max(a.left, b.left);
  const float height = std::min(a.bottom(), b.bottom()) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const float intersection = width * height;
  return intersection / (a.area() + b.area() - intersection);
}

/// The part of `box` that lies inside a picture of the given size; empty boxes keep zero width or height.
inline PixelBox clip(const PixelBox& box, int width, int height) {
  const float left = std::clamp(box.left, 0.F, static_cast<float>(width));
  const float top = std::clamp(box.top, 0.F, static_cast<float>(height));
  const float right = std::clamp(box.right(), left, std::max(left, static_cast<float>(width)));
  const float bottom = std::clamp(box.bottom(), top, std::max(top, static_cast<float>(height)));
  return {left, top, right - left, bottom - top};
}

}  // namespace ocelli::vision
