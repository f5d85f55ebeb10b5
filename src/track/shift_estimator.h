#pragma once

#include <span>
#include <vector>

#include "vision/geometry.h"

namespace ocelli::track {

/// Tells the shaking of a camera from the boxes alone: what surprises all objects at once is the camera's doing. Only
/// while it explains much of the surprise: for a camera that stands still it would add the noise of the boxes.
/// One stream's, one thread at a time.
class ShiftEstimator {
 public:
  /// One object that was predicted and seen.
  struct Surprise {
    vision::PixelPoint offset_px;  ///< seen minus predicted centre
    float height_px = 1;
  };

  /// How far the picture jumped in this frame, `dt_s` after the last; zero where nothing of the kind is certain.
  vision::PixelPoint shift_px(std::span<const Surprise> surprises, double dt_s);

 private:
  bool explains_enough(std::span<const Surprise> surprises, vision::PixelPoint shift, double dt_s);

  std::vector<float> scratch_;
  double surprise_ = 0;   // mean offset in heights of the objects, lately
  double remainder_ = 0;  // the same after the common shift was taken away
};

}  // namespace ocelli::track
