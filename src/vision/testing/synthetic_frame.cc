#include "vision/testing/synthetic_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "vision/internal/color_matrix.h"

namespace ocelli::vision::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Rgb {
  double red;
  double green;
  double blue;
};

Rgb scene_at(double x, double y) {
  Rgb color{90 + 100 * x, 110 + 60 * y, 150 - 70 * x};
  const auto disc = [&](double centre_x, double centre_y, double radius, Rgb paint) {
    const double distance = std::hypot(x - centre_x, y - centre_y);
    const double cover = std::clamp((radius - distance) * 80 + 0.5, 0.0, 1.0);
    const double light = 1 - 0.4 * distance / radius;
    color = {color.red + cover * (paint.red * light - color.red),
             color.green + cover * (paint.green * light - color.green),
             color.blue + cover * (paint.blue * light - color.blue)};
  };
  disc(0.25, 0.40, 0.18, {220, 60, 50});
  disc(0.60, 0.55, 0.22, {50, 160, 80});
  disc(0.82, 0.30, 0.12, {235, 225, 90});
  const double texture = y > 0.7 ? 12 * std::sin(x * 260) * std::cos(y * 210) : 3 * std::sin(x * 90 + y * 60);
  return {color.red + texture, color.green + texture, color.blue + texture};
}

std::uint8_t to_byte(double level) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(level), 0L, 255L));
}

/// What the bytes of one sample of a plane should be; as many count as the format has there.
std::array<double, 3> samples_of(const Rgb& rgb, const media::FrameInfo& info, int plane) {
  if (info.format == media::PixelFormat::bgr24) return {rgb.blue, rgb.green, rgb.red};
  const internal::YuvSample yuv = internal::rgb_to_yuv(rgb.red, rgb.green, rgb.blue, info.color);
  if (plane == 0) return {yuv.y, 0, 0};
  return plane == 1 ? std::array<double, 3>{yuv.u, yuv.v, 0} : std::array<double, 3>{yuv.v, 0, 0};
}

}  // namespace

media::FramePtr random_frame(const media::FrameInfo& info, RowLayout layout, std::uint32_t seed) {
  std::mt19937 random(seed);
  auto memory = std::make_shared<std::array<Bytes, 3>>();
  std::array<media::PlaneView, 3> views{};
  for (int p = 0; p < media::plane_count(info.format); ++p) {
    const std::size_t index = static_cast<std::size_t>(p);
    const media::PlaneSize size = media::plane_size(info.format, p, info.width, info.height);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(size.width) * media::sample_bytes(info.format, p);
    const std::ptrdiff_t stride = layout == RowLayout::tight ? row : row + 13;
    Bytes& bytes = (*memory)[index];
    bytes.resize(static_cast<std::size_t>(stride * (size.height - 1) + row));
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(random() & 0xFFU); });
    const bool bottom_up = layout == RowLayout::bottom_up;
    views[index] = {bytes.data() + (bottom_up ? stride * (size.height - 1) : 0), bottom_up ? -stride : stride};
  }
  media::FramePool pool(1);
  return *pool.wrap(info, views, std::move(memory));
}

media::FramePtr scene_frame(const media::FrameInfo& info, std::uint32_t seed) {
  std::mt19937 random(seed);
  media::FrameBuilder builder = *media::FrameBuilder::create(info);
  for (int p = 0; p < media::plane_count(info.format); ++p) {
    const media::PlaneSize size = media::plane_size(info.format, p, info.width, info.height);
    const int bytes = media::sample_bytes(info.format, p);
    // Codecs and cameras leave little noise in the chroma.
    std::normal_distribution<double> noise(0, p == 0 ? 1.5 : 0.25);
    for (int y = 0; y < size.height; ++y) {
      std::uint8_t* row = builder.plane(p) + y * builder.stride_bytes(p);
      for (int x = 0; x < size.width; ++x) {
        const auto samples = samples_of(scene_at((x + 0.5) / size.width, (y + 0.5) / size.height), info, p);
        for (int b = 0; b < bytes; ++b)
          row[x * bytes + b] = to_byte(samples[static_cast<std::size_t>(b)] + noise(random));
      }
    }
  }
  return std::move(builder).freeze();
}

}  // namespace ocelli::vision::testing
