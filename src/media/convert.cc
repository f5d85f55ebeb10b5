#include "media/convert.h"

#include <array>
#include <utility>

#include "media/internal/ffmpeg.h"

namespace ocelli::media {
namespace {

AVPixelFormat their_format(PixelFormat format) {
  switch (format) {
    case PixelFormat::yuv420p:
      return AV_PIX_FMT_YUV420P;
    case PixelFormat::nv12:
      return AV_PIX_FMT_NV12;
    case PixelFormat::bgr24:
      return AV_PIX_FMT_BGR24;
  }
  return AV_PIX_FMT_NONE;
}

}  // namespace

base::Result<FramePtr> copy_to_yuv420p(const Frame& frame) {
  FrameInfo info = frame.info();
  info.format = PixelFormat::yuv420p;
  if (frame.info().format == PixelFormat::bgr24) info.color = {ColorMatrix::bt601, ColorRange::full};
  OC_TRY(auto copy, FrameBuilder::create(info));

  const internal::ScalerPtr scaler(sws_getContext(info.width, info.height, their_format(frame.info().format),
                                                  info.width, info.height, AV_PIX_FMT_YUV420P,
                                                  SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!scaler) return base::Error(base::Code::internal, "cannot convert the picture to YUV");
  const int* matrix = sws_getCoefficients(info.color.matrix == ColorMatrix::bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
  const int full = info.color.range == ColorRange::full ? 1 : 0;
  sws_setColorspaceDetails(scaler.get(), matrix, full, matrix, full, 0, 1 << 16, 1 << 16);

  // libswscale reads four of each, whatever the format.
  std::array<const std::uint8_t*, 4> from{};
  std::array<int, 4> from_strides{};
  std::array<std::uint8_t*, 4> to{};
  std::array<int, 4> to_strides{};
  for (int plane = 0; plane < 3; ++plane) {
    const auto index = static_cast<std::size_t>(plane);
    from[index] = frame.plane(plane).data;
    from_strides[index] = static_cast<int>(frame.plane(plane).stride_bytes);
    to[index] = copy.plane(plane);
    to_strides[index] = static_cast<int>(copy.stride_bytes(plane));
  }
  if (sws_scale(scaler.get(), from.data(), from_strides.data(), 0, info.height, to.data(), to_strides.data()) < 0) {
    return base::Error(base::Code::internal, "cannot convert the picture to YUV");
  }
  return std::move(copy).freeze();
}

}  // namespace ocelli::media
