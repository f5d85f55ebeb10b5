#pragma once

#include "vision/geometry.h"

namespace ocelli::vision {

/// Where a picture lies in the square (or any) canvas that a model looks at: scaled by one factor, the rest padded.
enum class LetterboxAnchor {
  center,    ///< padding on both sides (YOLOv8)
  top_left,  ///< padding right and below (YOLOX)
};

struct Letterbox {
  int canvas_width = 0;  ///< pixels of the model input
  int canvas_height = 0;
  int content_left = 0;  ///< where the scaled picture begins in the canvas
  int content_top = 0;
  int content_width = 0;  ///< size of the scaled picture, at least 1
  int content_height = 0;
  float scale_x = 1;  ///< content_width / source width: canvas pixels per source pixel
  float scale_y = 1;

  /// Scales by min(canvas/source) over both directions, never distorting by more than rounding to whole pixels.
  static Letterbox fit(int source_width, int source_height, int canvas_width, int canvas_height,
                       LetterboxAnchor anchor = LetterboxAnchor::center);

  /// From canvas pixels back to source pixels.
  PixelBox to_source(const PixelBox& box) const {
    return {(box.left - static_cast<float>(content_left)) / scale_x,
            (box.top - static_cast<float>(content_top)) / scale_y, box.width / scale_x, box.height / scale_y};
  }
};

}  // namespace ocelli::vision
