#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/frame.h"
#include "vision/geometry.h"

namespace ocelli::vision {

/// sRGB.
struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// A colour for an identity: neighbours in number are far apart in hue, so that people can tell tracks apart.
Color color_of(std::uint64_t identity);

/// Draws on the planes of a yuv420p frame in the making, in its own colour matrix and range. Coordinates are source
/// pixels; what lies outside is clipped. Line width and text size follow the picture's height. One thread at a time.
class Canvas {
 public:
  /// `invalid` unless the format is yuv420p.
  static base::Result<Canvas> on(media::FrameBuilder& picture);

  void box(const PixelBox& box, Color color);
  /// Text on a filled background; `anchor` is the bottom-left corner of the background, moved inside the picture.
  void label(PixelPoint anchor, const std::string& text, Color background);
  void polyline(const std::vector<PixelPoint>& points, Color color, int thickness_px);
  void polygon(const std::vector<PixelPoint>& corners, Color color, float fill_opacity);

 private:
  explicit Canvas(media::FrameBuilder& picture) : picture_(&picture) {}
  media::FrameBuilder* picture_;
};

}  // namespace ocelli::vision
