#include "media/internal/pixel_converter.h"

#include <string>

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/pixdesc.h>
}

namespace ocelli::media::internal {

using base::Code;
using base::Error;

AVPixelFormat handed_on_format(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_NV12:
    case AV_PIX_FMT_BGR24:
      return format;
    default:
      break;
  }
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  const bool colours_are_rgb =
      descriptor != nullptr && (descriptor->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
  return colours_are_rgb ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_YUV420P;
}

AVPixelFormat format_of_samples(const AVFrame& frame) {
  if (frame.hw_frames_ctx == nullptr) return static_cast<AVPixelFormat>(frame.format);
  return reinterpret_cast<const AVHWFramesContext*>(frame.hw_frames_ctx->data)->sw_format;
}

PixelFormat our_format(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_NV12:
      return PixelFormat::nv12;
    case AV_PIX_FMT_BGR24:
      return PixelFormat::bgr24;
    default:
      return PixelFormat::yuv420p;
  }
}

base::Result<AvFramePtr> PixelConverter::convert(const AVFrame& from, AVPixelFormat to) {
  AvFramePtr result(av_frame_alloc());
  if (!result) return Error(Code::exhausted, "out of memory");
  result->format = to;
  result->width = from.width;
  result->height = from.height;
  if (const int error = av_frame_get_buffer(result.get(), 0); error < 0) return ffmpeg_error(error, "cannot convert");
  scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height,
                                     static_cast<AVPixelFormat>(from.format), from.width, from.height, to,
                                     SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!scaler_) return Error(Code::unsupported, "cannot convert pixel format " + std::to_string(from.format));
  const ColorSpec color = color_of(from);
  const int* matrix = sws_getCoefficients(color.matrix == ColorMatrix::bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
  const int full = color.range == ColorRange::full ? 1 : 0;
  sws_setColorspaceDetails(scaler_.get(), matrix, full, matrix, full, 0, 1 << 16, 1 << 16);
  const int rows = sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, result->data, result->linesize);
  if (rows < 0) return ffmpeg_error(rows, "cannot convert a frame");
  av_frame_copy_props(result.get(), &from);
  // The range survives the conversion, but the formats that imply it (yuvj…) do not.
  result->color_range = full != 0 ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  return result;
}

}  // namespace ocelli::media::internal
