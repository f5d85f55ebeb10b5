#include "media/internal/orientation.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <libavutil/dict.h>
}

namespace ocelli::media::internal {
namespace {

/// By the number of the tag; 0 is none.
constexpr std::array<Orientation, 9> kOrientations{{
    {},
    {},
    {.mirrored_x = true},
    {.mirrored_x = true, .mirrored_y = true},
    {.mirrored_y = true},
    {.transposed = true},
    {.transposed = true, .mirrored_x = true},
    {.transposed = true, .mirrored_x = true, .mirrored_y = true},
    {.transposed = true, .mirrored_y = true},
}};

/// Samples of one plane of a picture that is `width` by `height` samples.
struct Plane {
  const std::uint8_t* from;
  std::ptrdiff_t from_stride;
  std::uint8_t* to;
  std::ptrdiff_t to_stride;
  int width;
  int height;
};

template <std::size_t kSampleBytes>
void turn(const Plane& plane, Orientation orientation) {
  // Where the source goes when the result goes a sample right, and a row down.
  std::ptrdiff_t right = orientation.transposed ? plane.from_stride : std::ptrdiff_t{kSampleBytes};
  std::ptrdiff_t down = orientation.transposed ? std::ptrdiff_t{kSampleBytes} : plane.from_stride;
  const int columns = orientation.transposed ? plane.height : plane.width;
  const int rows = orientation.transposed ? plane.width : plane.height;
  const std::uint8_t* from = plane.from;
  if (orientation.mirrored_x) {
    from += right * (columns - 1);
    right = -right;
  }
  if (orientation.mirrored_y) {
    from += down * (rows - 1);
    down = -down;
  }
  for (int row = 0; row < rows; ++row) {
    std::uint8_t* to = plane.to + row * plane.to_stride;
    for (int column = 0; column < columns; ++column) {
      std::memcpy(to + column * std::ptrdiff_t{kSampleBytes}, from + row * down + column * right, kSampleBytes);
    }
  }
}

}  // namespace

Orientation orientation_of(const AVFrame& picture) {
  const AVDictionaryEntry* entry = av_dict_get(picture.metadata, "Orientation", nullptr, 0);
  if (entry == nullptr) return {};
  const long number = std::strtol(entry->value, nullptr, 10);
  return number >= 1 && number <= 8 ? kOrientations[static_cast<std::size_t>(number)] : Orientation{};
}

AVPixelFormat turnable_format(AVPixelFormat format, int width, int height) {
  const bool planar = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
  return planar && width % 2 == 0 && height % 2 == 0 ? format : AV_PIX_FMT_BGR24;
}

base::Result<AvFramePtr> copy_turned(const AVFrame& picture, Orientation orientation) {
  AvFramePtr turned(av_frame_alloc());
  if (!turned) return base::Error(base::Code::exhausted, "out of memory");
  turned->format = picture.format;
  turned->width = orientation.transposed ? picture.height : picture.width;
  turned->height = orientation.transposed ? picture.width : picture.height;
  if (const int error = av_frame_get_buffer(turned.get(), 0); error < 0) {
    return ffmpeg_error(error, "cannot turn a picture");
  }
  av_frame_copy_props(turned.get(), &picture);
  const auto plane = [&](std::size_t index, int width, int height) {
    return Plane{
        picture.data[index], picture.linesize[index], turned->data[index], turned->linesize[index], width, height};
  };
  if (picture.format == AV_PIX_FMT_BGR24) {
    turn<3>(plane(0, picture.width, picture.height), orientation);
  } else {
    turn<1>(plane(0, picture.width, picture.height), orientation);
    for (const std::size_t chroma : {1, 2}) {
      turn<1>(plane(chroma, picture.width / 2, picture.height / 2), orientation);
    }
  }
  return turned;
}

}  // namespace ocelli::media::internal
