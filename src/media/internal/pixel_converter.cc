#include "media/internal/pixel_converter.h"

#include <cstdint>
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

namespace {

bool has_alpha(int format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return descriptor != nullptr && (descriptor->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
}

base::Result<AvFramePtr> new_picture(const AVFrame& like, AVPixelFormat format) {
  AvFramePtr picture(av_frame_alloc());
  if (!picture) return Error(Code::exhausted, "out of memory");
  picture->format = format;
  picture->width = like.width;
  picture->height = like.height;
  if (const int error = av_frame_get_buffer(picture.get(), 0); error < 0) return ffmpeg_error(error, "cannot convert");
  return picture;
}

/// The level of the ground that contrasts with what a BGRA picture shows.
int ground_of(const AVFrame& picture) {
  std::uint64_t brightness = 0;
  std::uint64_t pixels = 0;
  for (int y = 0; y < picture.height; ++y) {
    const std::uint8_t* row = picture.data[0] + static_cast<std::ptrdiff_t>(y) * picture.linesize[0];
    for (const std::uint8_t* pixel = row; pixel != row + std::ptrdiff_t{4} * picture.width; pixel += 4) {
      if (pixel[3] == 0) continue;
      brightness += 114 * pixel[0] + 587 * pixel[1] + 299 * pixel[2];  // BT.601, in thousandths
      ++pixels;
    }
  }
  return brightness < 128'000 * pixels || pixels == 0 ? 255 : 0;
}

void lay_on_ground(const AVFrame& bgra, AVFrame& bgr) {
  const int ground = ground_of(bgra);
  for (int y = 0; y < bgra.height; ++y) {
    const std::uint8_t* from = bgra.data[0] + static_cast<std::ptrdiff_t>(y) * bgra.linesize[0];
    std::uint8_t* to = bgr.data[0] + static_cast<std::ptrdiff_t>(y) * bgr.linesize[0];
    for (int x = 0; x < bgra.width; ++x, from += 4, to += 3) {
      const int alpha = from[3];
      for (int channel = 0; channel < 3; ++channel) {
        to[channel] = static_cast<std::uint8_t>((from[channel] * alpha + ground * (255 - alpha) + 127) / 255);
      }
    }
  }
}

}  // namespace

base::Result<AvFramePtr> PixelConverter::convert(const AVFrame& from, AVPixelFormat to) {
  if (to != AV_PIX_FMT_BGR24 || !has_alpha(from.format)) return scale(from, to);
  OC_TRY(const auto bgra, scale(from, AV_PIX_FMT_BGRA));
  OC_TRY(auto result, new_picture(*bgra, to));
  lay_on_ground(*bgra, *result);
  av_frame_copy_props(result.get(), bgra.get());
  return result;
}

base::Result<AvFramePtr> PixelConverter::scale(const AVFrame& from, AVPixelFormat to) {
  OC_TRY(auto result, new_picture(from, to));
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
