#pragma once

#include <algorithm>
#include <cmath>

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

/// Whole pixels of a picture.
struct PixelRegion {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  int right() const { return left + width; }
  int bottom() const { return top + height; }
  bool empty() const { return width <= 0 || height <= 0; }
  bool operator==(const PixelRegion&) const = default;
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

/// The part of `box` that lies inside `region`; empty boxes keep zero width or height.
inline PixelBox clip(const PixelBox& box, const PixelRegion& region) {
  const auto left = static_cast<float>(region.left);
  const auto top = static_cast<float>(region.top);
  const PixelBox inside = clip({box.left - left, box.top - top, box.width, box.height}, region.width, region.height);
  return {inside.left + left, inside.top + top, inside.width, inside.height};
}

/// All pixels that `box` touches, inside a picture of the given size. Left and top are even, since a chroma sample of a
/// decoded picture covers two pixels: so the region's planes are a picture of their own. Empty where the box is, lies
/// outside or is not finite.
inline PixelRegion region_of(const PixelBox& box, int width, int height) {
  const bool finite =
      std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right()) && std::isfinite(box.bottom());
  const PixelBox inside = finite ? clip(box, width, height) : PixelBox{};
  if (inside.width <= 0 || inside.height <= 0) return {};
  const int left = static_cast<int>(inside.left) / 2 * 2;
  const int top = static_cast<int>(inside.top) / 2 * 2;
  return {left, top, std::min(width, static_cast<int>(std::ceil(inside.right()))) - left,
          std::min(height, static_cast<int>(std::ceil(inside.bottom()))) - top};
}

}  // namespace ocelli::vision
