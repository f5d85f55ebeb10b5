#pragma once

#include "base/result.h"
#include "media/frame.h"
#include "vision/geometry.h"

namespace ocelli::vision {

// Image operations around inference, off the hot path: each makes a new frame with the info of the old one, and costs a
// pass over the memory. They take and give bgr24, `unsupported` else: copy_to_bgr() makes it. All functions are pure.

/// In the frame's own colour matrix and range; chroma is enlarged bilinearly.
base::Result<media::FramePtr> copy_to_bgr(const media::Frame& frame);

/// How resize() gets a pixel, with half-pixel centres. Only `area` is smooth when a picture shrinks much.
enum class ResampleFilter {
  nearest,   ///< the nearest pixel
  bilinear,  ///< 2 × 2 pixels
  bicubic,   ///< 4 × 4 pixels (Keys 1981, a = −0.75)
  area,      ///< mean over the pixels that it covers; bilinear when the picture grows
  lanczos,   ///< 8 × 8 pixels (sinc with a window of four lobes)
};
/// `invalid` unless both sides are 1 to 16384 pixels.
base::Result<media::FramePtr> resize(const media::Frame& frame, int width, int height, ResampleFilter filter);

/// `invalid` unless the region has pixels and lies in the frame; it may begin at any pixel.
base::Result<media::FramePtr> crop(const media::Frame& frame, const PixelRegion& region);

/// A rectangle that is turned about its middle.
struct RotatedBox {
  PixelPoint center;
  float width = 0;  ///< along its own axes
  float height = 0;
  float angle_rad = 0;  ///< from the picture's x axis to the box's, clockwise as seen, since y points down
};
/// The box turned upright, its size rounded to whole pixels, by bilinear interpolation; what lies outside the frame
/// repeats its border. `invalid` unless the size is 1 to 16384 pixels and all numbers are finite.
base::Result<media::FramePtr> crop(const media::Frame& frame, const RotatedBox& box);

enum class Morphology {
  erode,   ///< the least of the neighbourhood, channel by channel: bright things shrink
  dilate,  ///< the greatest: they grow
  open,    ///< erode, then dilate: small bright things go
  close,   ///< dilate, then erode: small dark holes go
};
enum class Neighbourhood { square, cross, disc };
/// The neighbourhood reaches `radius_px` pixels (1 to 100) to each side; beyond the border there is nothing to compare.
base::Result<media::FramePtr> morph(const media::Frame& frame, Morphology operation, Neighbourhood shape,
                                    int radius_px);

}  // namespace ocelli::vision
