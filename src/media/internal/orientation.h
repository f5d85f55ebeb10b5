#pragma once

#include "base/result.h"
#include "media/internal/ffmpeg.h"

namespace ocelli::media::internal {

/// What must be done with a picture so that one sees it as it was taken: first rows and columns change places, then it
/// is mirrored (EXIF 2.3, tag 0x0112).
struct Orientation {
  bool transposed = false;
  bool mirrored_x = false;  ///< left and right change places
  bool mirrored_y = false;  ///< top and bottom
  bool turns() const { return transposed || mirrored_x || mirrored_y; }
};

/// As the camera wrote it into the picture's EXIF data; nothing to be done where it wrote none.
Orientation orientation_of(const AVFrame& picture);

/// A format that copy_turned() takes: this one, or BGR where chroma samples would come to lie between pixels.
AVPixelFormat turnable_format(AVPixelFormat format, int width, int height);

/// The picture as one sees it, which costs a pass over the memory.
base::Result<AvFramePtr> copy_turned(const AVFrame& picture, Orientation orientation);

}  // namespace ocelli::media::internal
