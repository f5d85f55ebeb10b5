#pragma once

#include "base/result.h"
#include "media/frame.h"
#include "media/internal/ffmpeg.h"

namespace ocelli::media::internal {

/// The format in which we hand frames of an FFmpeg format on: itself where the kernels know it.
AVPixelFormat handed_on_format(AVPixelFormat format);
/// The format of a frame's samples, also of one whose samples lie on a device.
AVPixelFormat format_of_samples(const AVFrame& frame);
/// Ours for one that handed_on_format() gives.
PixelFormat our_format(AVPixelFormat format);

/// Brings rare formats (4:2:2, 4:4:4, 10 bit, grey, RGB of images) to one that the kernels read. Costs a pass. Where
/// an image is transparent, a ground shows: white, or black when what it shows is bright; for letters and drawings are
/// made for a page, and the colour behind full transparency means nothing. One thread at a time.
class PixelConverter {
 public:
  base::Result<AvFramePtr> convert(const AVFrame& from, AVPixelFormat to);

 private:
  base::Result<AvFramePtr> scale(const AVFrame& from, AVPixelFormat to);

  ScalerPtr scaler_;
};

}  // namespace ocelli::media::internal
