#include "media/download.h"

#include <array>
#include <utility>

#include "media/internal/ffmpeg.h"
#include "media/internal/pixel_converter.h"

extern "C" {
#include <libavutil/hwcontext.h>
}

namespace ocelli::media {

base::Result<FramePtr> download(const FramePtr& frame, FramePool& pool, base::Counter downloads) {
  if (frame->info().pixels == PixelLocation::memory) return frame;
  const auto& on_device = *static_cast<const AVFrame*>(frame->memory().get());
  internal::AvFramePtr copy(av_frame_alloc());
  if (!copy) return base::Error(base::Code::exhausted, "out of memory");
  // Without a format of ours FFmpeg takes the samples' own: NV12 for nearly all streams.
  int result = av_hwframe_transfer_data(copy.get(), &on_device, 0);
  if (result >= 0) result = av_frame_copy_props(copy.get(), &on_device);
  if (result < 0) {
    const base::Error error = internal::ffmpeg_error(result, "the device does not give the picture");
    return base::Error(base::Code::unavailable, error.message());
  }
  downloads.add();
  const auto handed_on = internal::handed_on_format(static_cast<AVPixelFormat>(copy->format));
  if (handed_on != copy->format) {
    internal::PixelConverter converter;
    OC_TRY(copy, converter.convert(*copy, handed_on));
  }
  FrameInfo info = frame->info();
  info.format = internal::our_format(handed_on);
  info.pixels = PixelLocation::memory;
  std::array<PlaneView, 3> planes{};
  for (std::size_t plane = 0; plane < static_cast<std::size_t>(plane_count(info.format)); ++plane) {
    planes[plane] = {copy->data[plane], copy->linesize[plane]};
  }
  return pool.wrap(info, planes, std::shared_ptr<const AVFrame>(std::move(copy)));
}

}  // namespace ocelli::media
