#include "vision/letterbox.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace ocelli::vision {

Letterbox Letterbox::fit(int source_width, int source_height, int canvas_width, int canvas_height,
                         LetterboxAnchor anchor) {
  OC_CHECK(source_width > 0 && source_height > 0 && canvas_width > 0 && canvas_height > 0);
  const double scale =
      std::min(static_cast<double>(canvas_width) / source_width, static_cast<double>(canvas_height) / source_height);
  const auto fitted = [scale](int source, int canvas) {
    return std::clamp(static_cast<int>(std::lround(source * scale)), 1, canvas);
  };
  Letterbox box;
  box.canvas_width = canvas_width;
  box.canvas_height = canvas_height;
  box.content_width = fitted(source_width, canvas_width);
  box.content_height = fitted(source_height, canvas_height);
  if (anchor == LetterboxAnchor::center) {
    box.content_left = (canvas_width - box.content_width) / 2;
    box.content_top = (canvas_height - box.content_height) / 2;
  }
  box.scale_x = static_cast<float>(box.content_width) / static_cast<float>(source_width);
  box.scale_y = static_cast<float>(box.content_height) / static_cast<float>(source_height);
  return box;
}

}  // namespace ocelli::vision
