#pragma once

#include "media/frame.h"
#include "vision/geometry.h"

namespace ocelli::events {

/// Where an object stands, as a share of the picture: survives a change of the stream's resolution. Double, so that
/// points and lines are compared without a rounding that depends on the order of computation.
struct Anchor {
  double x = 0;
  double y = 0;
};

/// The picture in which shares become pixels.
struct PictureSize {
  int width = 0;
  int height = 0;
};

inline Anchor anchor_of(const vision::PixelBox& box, PictureSize picture) {
  const auto point = box.bottom_center();
  return {static_cast<double>(point.x) / picture.width, static_cast<double>(point.y) / picture.height};
}

inline Anchor to_pixels(Anchor share, PictureSize picture) {
  return {share.x * picture.width, share.y * picture.height};
}

/// Both in picture heights: angles and ratios of lengths are as in the picture, at any resolution.
inline Anchor in_picture_heights(Anchor share, PictureSize picture) {
  return {share.x * picture.width / picture.height, share.y};
}

/// Twice the area of the triangle a, b, c; above zero when c lies to the right of the way from a to b, on the screen.
inline double turn(Anchor a, Anchor b, Anchor c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

}  // namespace ocelli::events
