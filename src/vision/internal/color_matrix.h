#pragma once

#include "media/frame.h"

namespace ocelli::vision::internal {

/// R, G, B (0…255) = luma × Y + u × U + v × V + offset, for 8-bit samples as they lie in memory.
struct YuvToRgb {
  double luma;
  double red_v;
  double green_u;
  double green_v;
  double blue_u;
  double red_offset;
  double green_offset;
  double blue_offset;
};
YuvToRgb yuv_to_rgb(media::ColorSpec color);

/// An 8-bit colour as the samples of a frame, not rounded.
struct YuvSample {
  double y;
  double u;
  double v;
};
YuvSample rgb_to_yuv(double red, double green, double blue, media::ColorSpec color);

}  // namespace ocelli::vision::internal
