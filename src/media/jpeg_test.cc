#include "media/jpeg.h"

#include <algorithm>
#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <turbojpeg.h>

namespace ocelli::media {
namespace {

struct Rgb {
  int red, green, blue;
};

/// The bytes of one sample of a plane: luma or one chroma, both chromas interleaved, or a packed pixel.
std::vector<std::uint8_t> sample_of(PixelFormat format, int plane, std::array<std::uint8_t, 3> yuv, Rgb rgb) {
  if (format == PixelFormat::bgr24) {
    return {static_cast<std::uint8_t>(rgb.blue), static_cast<std::uint8_t>(rgb.green),
            static_cast<std::uint8_t>(rgb.red)};
  }
  if (format == PixelFormat::nv12 && plane == 1) return {yuv[1], yuv[2]};
  return {yuv[static_cast<std::size_t>(plane)]};
}

/// A picture of one colour in YUV by the definition of matrix and range.
FramePtr plain(PixelFormat format, ColorSpec color, Rgb rgb, int width, int height) {
  FrameInfo info;
  info.format = format;
  info.color = color;
  info.width = width;
  info.height = height;
  auto builder = FrameBuilder::create(info);
  const double kr = color.matrix == ColorMatrix::bt709 ? 0.2126 : 0.299;
  const double kb = color.matrix == ColorMatrix::bt709 ? 0.0722 : 0.114;
  const double luma = kr * rgb.red + (1 - kr - kb) * rgb.green + kb * rgb.blue;
  const bool full = color.range == ColorRange::full;
  const auto y = static_cast<std::uint8_t>(std::lround(full ? luma : 16 + luma * 219 / 255));
  const double chroma = full ? 1 : 224.0 / 255;
  const auto u = static_cast<std::uint8_t>(std::lround(128 + chroma * (rgb.blue - luma) / (2 * (1 - kb))));
  const auto v = static_cast<std::uint8_t>(std::lround(128 + chroma * (rgb.red - luma) / (2 * (1 - kr))));
  for (int plane = 0; plane < plane_count(format); ++plane) {
    const auto size = plane_size(format, plane, width, height);
    const auto sample = sample_of(format, plane, {y, u, v}, rgb);
    for (int row = 0; row < size.height; ++row) {
      std::uint8_t* to = builder->plane(plane) + row * builder->stride_bytes(plane);
      for (int x = 0; x < size.width; ++x) to = std::copy(sample.begin(), sample.end(), to);
    }
  }
  return std::move(*builder).freeze();
}

Rgb middle_of(const Bytes& jpeg, int width, int height) {
  tjhandle handle = tjInitDecompress();
  int w = 0;
  int h = 0;
  int subsampling = 0;
  int space = 0;
  EXPECT_EQ(tjDecompressHeader3(handle, jpeg.data(), jpeg.size(), &w, &h, &subsampling, &space), 0);
  EXPECT_EQ(w, width);
  EXPECT_EQ(h, height);
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(w) * h * 3);
  EXPECT_EQ(tjDecompress2(handle, jpeg.data(), jpeg.size(), rgb.data(), w, 0, h, TJPF_RGB, 0), 0);
  tjDestroy(handle);
  const std::size_t middle = (static_cast<std::size_t>(h / 2) * w + w / 2) * 3;
  return {rgb[middle], rgb[middle + 1], rgb[middle + 2]};
}

class EachColorSpec : public ::testing::TestWithParam<std::tuple<PixelFormat, ColorMatrix, ColorRange>> {};

TEST_P(EachColorSpec, KeepsColours) {
  const auto [format, matrix, range] = GetParam();
  auto encoder = JpegEncoder::create();
  ASSERT_TRUE(encoder);
  for (const Rgb color :
       {Rgb{200, 30, 40}, Rgb{20, 180, 60}, Rgb{30, 60, 220}, Rgb{128, 128, 128}, Rgb{250, 250, 250}}) {
    const auto jpeg = (*encoder)->encode(*plain(format, {matrix, range}, color, 33, 17), 95);
    ASSERT_TRUE(jpeg);
    const Rgb seen = middle_of(*jpeg, 33, 17);
    EXPECT_NEAR(seen.red, color.red, 4);
    EXPECT_NEAR(seen.green, color.green, 4);
    EXPECT_NEAR(seen.blue, color.blue, 4);
  }
}

INSTANTIATE_TEST_SUITE_P(Frames, EachColorSpec,
                         ::testing::Combine(::testing::Values(PixelFormat::yuv420p, PixelFormat::nv12,
                                                              PixelFormat::bgr24),
                                            ::testing::Values(ColorMatrix::bt601, ColorMatrix::bt709),
                                            ::testing::Values(ColorRange::limited, ColorRange::full)));

}  // namespace
}  // namespace ocelli::media
