#pragma once

#include "vision/geometry.h"

namespace ocelli::infer {

/// One object that a detector saw in one frame.
struct Detection {
  vision::PixelBox box;  ///< source pixels
  float score = 0;       ///< confidence, 0…1
  int class_id = 0;      ///< index into the model's labels
  bool operator==(const Detection&) const = default;
};

}  // namespace ocelli::infer
