#include "vision/rectifier.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include <gmock/gmock.h>

namespace ocelli::vision {
namespace {

constexpr int kWidth = 200;
constexpr int kHeight = 150;

/// A smooth picture, so that one can say what it is between pixels.
double level_at(double x, double y, int channel) {
  return 128 + 60 * std::sin(x / 11 + channel) + 50 * std::cos(y / 9 - channel);
}

media::FramePtr picture() {
  media::FrameInfo info;
  info.format = media::PixelFormat::bgr24;
  info.width = kWidth;
  info.height = kHeight;
  auto builder = media::FrameBuilder::create(info);
  for (int y = 0; y < kHeight; ++y) {
    std::uint8_t* row = builder->plane(0) + y * builder->stride_bytes(0);
    for (int x = 0; x < kWidth; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        row[3 * x + channel] = static_cast<std::uint8_t>(std::lround(level_at(x, y, channel)));
      }
    }
  }
  return std::move(*builder).freeze();
}

int pixel(const media::Frame& frame, int x, int y, int channel) {
  return frame.plane(0).data[y * frame.plane(0).stride_bytes + 3 * x + channel];
}

/// Where (u, v), 0…1 from the corners, lies in the quadrilateral: the projective map of the unit square (Heckbert 1989,
/// section 2.2.3), a second way to what solving eight equations gives.
PixelPoint from_unit_square(const Quadrilateral& area, double u, double v) {
  const auto [p0, p1, p2, p3] = area.corners;
  const double sx = p0.x - p1.x + p2.x - p3.x;
  const double sy = p0.y - p1.y + p2.y - p3.y;
  const double dx1 = p1.x - p2.x;
  const double dx2 = p3.x - p2.x;
  const double dy1 = p1.y - p2.y;
  const double dy2 = p3.y - p2.y;
  const double determinant = dx1 * dy2 - dx2 * dy1;
  const double g = (sx * dy2 - dx2 * sy) / determinant;
  const double h = (dx1 * sy - sx * dy1) / determinant;
  const double w = g * u + h * v + 1;
  return {static_cast<float>(((p1.x - p0.x + g * p1.x) * u + (p3.x - p0.x + h * p3.x) * v + p0.x) / w),
          static_cast<float>(((p1.y - p0.y + g * p1.y) * u + (p3.y - p0.y + h * p3.y) * v + p0.y) / w)};
}

media::FramePtr cut(const Quadrilateral& area) {
  Rectifier rectifier;
  EXPECT_TRUE(rectifier.load(*picture()));
  auto result = rectifier.cut(area);
  EXPECT_TRUE(result);
  return result ? *result : nullptr;
}

TEST(Rectifier, CutsAnUprightRectangleAsItIs) {
  const auto line = cut({{{{20, 30}, {120, 30}, {120, 70}, {20, 70}}}});
  ASSERT_EQ(line->width(), 100);
  ASSERT_EQ(line->height(), 40);
  const auto whole = picture();
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 100; ++x) ASSERT_EQ(pixel(*line, x, y, 1), pixel(*whole, 20 + x, 30 + y, 1));
  }
}

TEST(Rectifier, AgreesWithTheProjectiveMapOfTheUnitSquare) {
  const Quadrilateral area{{{{40, 30}, {160, 50}, {150, 110}, {30, 90}}}};
  const auto line = cut(area);
  ASSERT_EQ(line->width(), 121);
  ASSERT_EQ(line->height(), 60);
  for (int y = 0; y < line->height(); ++y) {
    for (int x = 0; x < line->width(); ++x) {
      const auto at =
          from_unit_square(area, static_cast<double>(x) / line->width(), static_cast<double>(y) / line->height());
      for (int channel = 0; channel < 3; ++channel) {
        ASSERT_NEAR(pixel(*line, x, y, channel), level_at(at.x, at.y, channel), 2.0);
      }
    }
  }
}

TEST(Rectifier, RepeatsTheEdgeOutsideThePicture) {
  const auto line = cut({{{{-30, 10}, {50, 10}, {50, 40}, {-30, 40}}}});
  const auto whole = picture();
  for (int x = 0; x < 30; ++x) ASSERT_EQ(pixel(*line, x, 5, 2), pixel(*whole, 0, 15, 2));
}

TEST(Rectifier, ConvertsInTheFramesOwnColours) {
  media::FrameInfo info;
  info.width = 64;
  info.height = 64;
  info.color.range = media::ColorRange::limited;
  auto builder = media::FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const auto size = media::plane_size(info.format, plane, info.width, info.height);
    for (int y = 0; y < size.height; ++y) {
      std::fill_n(builder->plane(plane) + y * builder->stride_bytes(plane), size.width,
                  static_cast<std::uint8_t>(plane == 0 ? 235 : 128));
    }
  }
  Rectifier rectifier;
  ASSERT_TRUE(rectifier.load(*std::move(*builder).freeze()));
  const auto white = rectifier.cut({{{{5, 5}, {25, 5}, {25, 15}, {5, 15}}}});
  ASSERT_TRUE(white);
  EXPECT_EQ(pixel(**white, 3, 3, 0), 255);
}

TEST(Rectifier, RefusesWhatHasNoSize) {
  Rectifier rectifier;
  ASSERT_TRUE(rectifier.load(*picture()));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float far = 1e30F;
  for (const Quadrilateral& area :
       {Quadrilateral{{{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}}, Quadrilateral{{{{nan, 1}, {9, 1}, {9, 9}, {1, 9}}}},
        Quadrilateral{{{{0, 0}, {far, 0}, {far, 9}, {0, 9}}}}}) {
    const auto result = rectifier.cut(area);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), base::Code::invalid);
  }
}

TEST(Turned, GoesByAQuarterAndByAHalf) {
  const auto whole = picture();
  const auto left = turned(*whole, Turn::quarter_left);
  const auto half = turned(*whole, Turn::half);
  ASSERT_TRUE(left && half);
  ASSERT_EQ((*left)->width(), kHeight);
  ASSERT_EQ((*left)->height(), kWidth);
  for (int y = 0; y < kHeight; y += 7) {
    for (int x = 0; x < kWidth; x += 7) {
      EXPECT_EQ(pixel(**left, y, kWidth - 1 - x, 0), pixel(*whole, x, y, 0));
      EXPECT_EQ(pixel(**half, kWidth - 1 - x, kHeight - 1 - y, 0), pixel(*whole, x, y, 0));
    }
  }
}

}  // namespace
}  // namespace ocelli::vision
