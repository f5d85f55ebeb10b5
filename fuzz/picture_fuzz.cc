// Bytes that claim to be a picture, as somebody sends them to the API: signature, FFmpeg's decoder, conversion,
// turning.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "media/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli;
  using namespace ocelli::media;
  constexpr std::size_t kMostBytes = 64 * 1024;
  constexpr std::int64_t kMostPixels = 1 << 26;
  if (size > kMostBytes) return 0;
  base::SystemClock clock;
  const auto frame = decode_picture(std::span(data, size), clock);
  if (!frame) {
    OC_CHECK(frame.error().message().find('\n') == std::string::npos);
    OC_CHECK(frame.error().code() == base::Code::unsupported || frame.error().code() == base::Code::corrupt);
    return 0;
  }
  const FrameInfo& info = (*frame)->info();
  OC_CHECK(info.width > 0 && info.height > 0 && std::int64_t{info.width} * info.height <= kMostPixels);
  // Every sample can be read, where the planes say that they lie.
  std::uint32_t sum = 0;
  for (int plane = 0; plane < plane_count(info.format); ++plane) {
    const PlaneSize samples = plane_size(info.format, plane, info.width, info.height);
    const std::ptrdiff_t row_bytes = std::ptrdiff_t{samples.width} * sample_bytes(info.format, plane);
    for (int row = 0; row < samples.height; ++row) {
      const PlaneView& view = (*frame)->plane(plane);
      for (std::ptrdiff_t byte = 0; byte < row_bytes; ++byte) sum += view.data[row * view.stride_bytes + byte];
    }
  }
  const volatile std::uint32_t read = sum;
  static_cast<void>(read);
  return 0;
}
