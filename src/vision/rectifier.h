#pragma once

#include "base/result.h"
#include "media/frame.h"
#include "vision/quadrilateral.h"

namespace ocelli::vision {

/// By how much a picture is turned.
enum class Turn {
  quarter_left,  ///< anticlockwise
  half,
};

/// Cuts flat things out of a picture as if they had been seen from the front: one BGR copy of the picture, then a
/// perspective transform for each. One thread at a time.
class Rectifier {
 public:
  /// Before the first cut(). Fails as copy_to_bgr().
  base::Status load(const media::Frame& frame);

  /// The quadrilateral of the loaded picture as an upright bgr24 frame of its size in whole pixels, by bicubic
  /// interpolation (Keys 1981, a = −0.75); beyond the border the picture repeats its edge. `invalid` when a corner is
  /// not finite or the size is below 1 or above 16384 pixels.
  base::Result<media::FramePtr> cut(const Quadrilateral& area) const;

 private:
  media::FramePtr picture_;  // bgr24
};

/// `unsupported` unless bgr24 with its first row on top, as cut() and copy_to_bgr() make it.
base::Result<media::FramePtr> turned(const media::Frame& frame, Turn turn);

}  // namespace ocelli::vision
