#pragma once

#include <string>

#include "base/result.h"
#include "media/frame.h"
#include "vision/geometry.h"

namespace ocelli::vision::internal {

/// `invalid` unless `region` can be a model input: see Preprocessor::run().
inline base::Status check_region(const media::Frame& frame, const PixelRegion& region) {
  if (frame.width() <= 0 || frame.height() <= 0) {
    return base::Error(base::Code::invalid, "a frame without pixels cannot be a model input: drop it");
  }
  const bool inside = region.left >= 0 && region.top >= 0 && region.width <= frame.width() - region.left &&
                      region.height <= frame.height() - region.top;
  if (!region.empty() && inside && region.left % 2 == 0 && region.top % 2 == 0) return {};
  return base::Error(base::Code::invalid, "a region of " + std::to_string(region.width) + "x" +
                                              std::to_string(region.height) + " at " + std::to_string(region.left) +
                                              "," + std::to_string(region.top) + " cannot be cut from a frame of " +
                                              std::to_string(frame.width()) + "x" + std::to_string(frame.height()) +
                                              ": take region_of() of a box");
}

}  // namespace ocelli::vision::internal
