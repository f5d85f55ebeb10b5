#pragma once

#include "vision/geometry.h"

namespace ocelli::vision {

/// How a picture gets onto the canvas that a model looks at.
enum class Fit {
  center,    ///< scaled by one factor, padded on both sides (YOLOv8)
  top_left,  ///< scaled by one factor, padded right and below (YOLOX)
  stretch,   ///< fills the canvas: width and height have a factor each
  crop,      ///< its middle, of the canvas's shape, fills the canvas: what lies outside is not seen
};

/// Where a picture, or a region of one, lies on a canvas.
struct Letterbox {
  PixelRegion source;    ///< the pixels of the picture that the canvas shows
  int canvas_width = 0;  ///< pixels of the model input
  int canvas_height = 0;
  int content_left = 0;  ///< where the scaled picture begins in the canvas
  int content_top = 0;
  int content_width = 0;  ///< size of the scaled picture, at least 1
  int content_height = 0;
  float scale_x = 1;  ///< content_width / source.width: canvas pixels per source pixel
  float scale_y = 1;

  /// With one factor, that is min(canvas/source) over both directions, never distorting by more than rounding to whole
  /// pixels. `source` must not be empty.
  static Letterbox fit(const PixelRegion& source, int canvas_width, int canvas_height, Fit fit = Fit::center);
  /// Of a whole picture.
  static Letterbox fit(int source_width, int source_height, int canvas_width, int canvas_height,
                       Fit fit = Fit::center) {
    return Letterbox::fit({0, 0, source_width, source_height}, canvas_width, canvas_height, fit);
  }

  /// From canvas pixels back to source pixels.
  PixelBox to_source(const PixelBox& box) const {
    return {static_cast<float>(source.left) + (box.left - static_cast<float>(content_left)) / scale_x,
            static_cast<float>(source.top) + (box.top - static_cast<float>(content_top)) / scale_y, box.width / scale_x,
            box.height / scale_y};
  }
};

}  // namespace ocelli::vision
