#include "vision/letterbox.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/check.h"

namespace ocelli::vision {
namespace {

/// The middle of `source` that has the canvas's shape, to whole pixels; it begins at even ones, as region_of() does.
PixelRegion middle_of(const PixelRegion& source, int canvas_width, int canvas_height) {
  const auto scaled = [](int pixels, int by, int over) {
    const std::int64_t twice = 2 * static_cast<std::int64_t>(pixels) * by / over;
    return static_cast<int>((twice + 1) / 2);
  };
  const int width = std::clamp(scaled(source.height, canvas_width, canvas_height), 1, source.width);
  const int height = std::clamp(scaled(source.width, canvas_height, canvas_width), 1, source.height);
  const auto even = [](int offset) { return offset / 2 * 2; };
  return {source.left + even((source.width - width) / 2), source.top + even((source.height - height) / 2), width,
          height};
}

}  // namespace

Letterbox Letterbox::fit(const PixelRegion& source, int canvas_width, int canvas_height, Fit fit) {
  OC_CHECK(!source.empty() && canvas_width > 0 && canvas_height > 0);
  Letterbox box;
  box.source = fit == Fit::crop ? middle_of(source, canvas_width, canvas_height) : source;
  box.canvas_width = canvas_width;
  box.canvas_height = canvas_height;
  box.content_width = canvas_width;
  box.content_height = canvas_height;
  if (fit == Fit::center || fit == Fit::top_left) {
    const double scale =
        std::min(static_cast<double>(canvas_width) / source.width, static_cast<double>(canvas_height) / source.height);
    const auto fitted = [scale](int pixels, int canvas) {
      return std::clamp(static_cast<int>(std::lround(pixels * scale)), 1, canvas);
    };
    box.content_width = fitted(source.width, canvas_width);
    box.content_height = fitted(source.height, canvas_height);
  }
  if (fit == Fit::center) {
    box.content_left = (canvas_width - box.content_width) / 2;
    box.content_top = (canvas_height - box.content_height) / 2;
  }
  box.scale_x = static_cast<float>(box.content_width) / static_cast<float>(box.source.width);
  box.scale_y = static_cast<float>(box.content_height) / static_cast<float>(box.source.height);
  return box;
}

}  // namespace ocelli::vision
