// Each operation against a second implementation of its definition, written plainly here.

#include "vision/image_operations.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "vision/testing/synthetic_frame.h"

namespace ocelli::vision {
namespace {

using base::Code;
using media::Frame;
using media::FramePtr;
using media::PixelFormat;

FramePtr scene(int width, int height, PixelFormat format = PixelFormat::bgr24) {
  media::FrameInfo info;
  info.format = format;
  info.width = width;
  info.height = height;
  info.sequence = 42;
  return testing::scene_frame(info, 7);
}

FramePtr noise(int width, int height, testing::RowLayout layout = testing::RowLayout::padded) {
  media::FrameInfo info;
  info.format = PixelFormat::bgr24;
  info.width = width;
  info.height = height;
  return testing::random_frame(info, layout, 5);
}

/// Beyond the border the nearest pixel is repeated.
double at(const Frame& frame, int x, int y, int c) {
  x = std::clamp(x, 0, frame.width() - 1);
  y = std::clamp(y, 0, frame.height() - 1);
  return frame.plane(0).data[y * frame.plane(0).stride_bytes + 3 * x + c];
}

struct Difference {
  double mean = 0;
  double most = 0;
};

Difference difference(const Frame& frame, const std::function<double(int x, int y, int c)>& expected) {
  Difference result;
  for (int y = 0; y < frame.height(); ++y) {
    for (int x = 0; x < frame.width(); ++x) {
      for (int c = 0; c < 3; ++c) {
        const double off = std::abs(at(frame, x, y, c) - std::clamp(expected(x, y, c), 0.0, 255.0));
        result.mean += off / (3.0 * frame.width() * frame.height());
        result.most = std::max(result.most, off);
      }
    }
  }
  return result;
}

/// The sum of weight × pixel over `reach` pixels to each side of a place, in both directions.
double convolve(const Frame& frame, double x, double y, int c, int reach, const std::function<double(double)>& weight) {
  double sum = 0;
  double weights = 0;
  const int left = static_cast<int>(std::floor(x));
  const int top = static_cast<int>(std::floor(y));
  for (int row = top - reach + 1; row <= top + reach; ++row) {
    for (int column = left - reach + 1; column <= left + reach; ++column) {
      const double w = weight(x - column) * weight(y - row);
      sum += w * at(frame, column, row, c);
      weights += w;
    }
  }
  return sum / weights;
}

double tent(double distance) {
  return std::max(0.0, 1 - std::abs(distance));
}

// Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 4 with free parameter a.
double keys(double distance) {
  constexpr double kA = -0.75;
  const double d = std::abs(distance);
  if (d < 1) return (kA + 2) * d * d * d - (kA + 3) * d * d + 1;
  if (d < 2) return kA * (d * d * d - 5 * d * d + 8 * d - 4);
  return 0;
}

double lanczos4(double distance) {
  const auto sinc = [](double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); };
  return std::abs(distance) < 4 ? sinc(distance) * sinc(distance / 4) : 0;
}

/// Where the middle of an output pixel lies, counted from the middle of the first source pixel.
double place(int output, int source_size, int output_size) {
  return (output + 0.5) * source_size / output_size - 0.5;
}

class Resize : public ::testing::Test {
 protected:
  void expect(int width, int height, ResampleFilter filter, int reach, const std::function<double(double)>& weight) {
    const auto resized = resize(*frame_, width, height, filter);
    ASSERT_TRUE(resized) << resized.error().message();
    EXPECT_EQ((*resized)->info().sequence, 42U);
    const auto off = difference(**resized, [&](int x, int y, int c) {
      return convolve(*frame_, place(x, frame_->width(), width), place(y, frame_->height(), height), c, reach, weight);
    });
    EXPECT_LT(off.mean, 0.5) << width << "x" << height;
    EXPECT_LE(off.most, 2) << width << "x" << height;
  }
  FramePtr frame_ = scene(96, 64);
};

TEST_F(Resize, BilinearTakesTwoByTwoPixels) {
  expect(130, 90, ResampleFilter::bilinear, 1, tent);
  expect(57, 40, ResampleFilter::bilinear, 1, tent);
}

TEST_F(Resize, BicubicTakesFourByFourPixels) {
  expect(130, 90, ResampleFilter::bicubic, 2, keys);
  expect(57, 40, ResampleFilter::bicubic, 2, keys);
}

TEST_F(Resize, LanczosTakesEightByEightPixels) {
  expect(130, 90, ResampleFilter::lanczos, 4, lanczos4);
}

// At these sizes no middle lies between two pixels, where either would be the nearest.
TEST_F(Resize, NearestTakesThePixelAtTheMiddle) {
  const auto resized = resize(*frame_, 64, 128, ResampleFilter::nearest);
  ASSERT_TRUE(resized);
  const auto off = difference(**resized, [&](int x, int y, int c) {
    return at(*frame_, static_cast<int>((x + 0.5) * 96 / 64), static_cast<int>((y + 0.5) * 64 / 128), c);
  });
  EXPECT_EQ(off.most, 0);
}

TEST_F(Resize, AreaTakesTheMeanOfWhatAPixelCovers) {
  const auto resized = resize(*frame_, 40, 24, ResampleFilter::area);
  ASSERT_TRUE(resized);
  const auto off = difference(**resized, [&](int x, int y, int c) {
    double sum = 0;
    for (int row = 0; row < 64; ++row) {
      const double height = std::min((y + 1) * 64.0 / 24, row + 1.0) - std::max(y * 64.0 / 24, row + 0.0);
      for (int column = 0; column < 96; ++column) {
        const double width = std::min((x + 1) * 96.0 / 40, column + 1.0) - std::max(x * 96.0 / 40, column + 0.0);
        if (width > 0 && height > 0) sum += width * height * at(*frame_, column, row, c);
      }
    }
    return sum / (64.0 / 24 * 96 / 40);
  });
  EXPECT_LE(off.most, 0.51);
}

TEST_F(Resize, RefusesSizesThatAreNone) {
  for (const int size : {0, -5, 20000}) {
    EXPECT_EQ(resize(*frame_, size, 10, ResampleFilter::area).error().code(), Code::invalid);
    EXPECT_EQ(resize(*frame_, 10, size, ResampleFilter::area).error().code(), Code::invalid);
  }
}

TEST(Crop, CopiesTheRegionWhateverTheRowsAreLike) {
  for (const auto layout : {testing::RowLayout::tight, testing::RowLayout::padded, testing::RowLayout::bottom_up}) {
    const auto frame = noise(31, 23, layout);
    const auto cut = crop(*frame, PixelRegion{5, 3, 20, 20});
    ASSERT_TRUE(cut) << cut.error().message();
    EXPECT_EQ(difference(**cut, [&](int x, int y, int c) { return at(*frame, x + 5, y + 3, c); }).most, 0);
  }
}

TEST(Crop, RefusesARegionOutside) {
  const auto frame = noise(31, 23);
  for (const PixelRegion region : {PixelRegion{-1, 0, 5, 5}, {0, 0, 32, 5}, {0, 20, 5, 4}, {0, 0, 0, 5}}) {
    EXPECT_EQ(crop(*frame, region).error().code(), Code::invalid);
  }
}

TEST(RotatedCrop, TurnsTheBoxUpright) {
  const auto frame = scene(160, 120);
  for (const float angle : {0.F, 0.3F, -1.2F, 3.F}) {
    const RotatedBox box{{70.3F, 58.8F}, 60, 30, angle};
    const auto turned = crop(*frame, box);
    ASSERT_TRUE(turned) << turned.error().message();
    ASSERT_EQ((*turned)->width(), 60);
    const auto off = difference(**turned, [&](int x, int y, int c) {
      const double right = x + 0.5 - 30;
      const double down = y + 0.5 - 15;
      const double cosine = std::cos(static_cast<double>(angle));
      const double sine = std::sin(static_cast<double>(angle));
      return convolve(*frame, 70.3 + cosine * right - sine * down - 0.5, 58.8 + sine * right + cosine * down - 0.5, c,
                      1, tent);
    });
    EXPECT_LT(off.mean, 0.6) << angle;
    EXPECT_LE(off.most, 5) << angle;  // OpenCV interpolates between 32 places of a pixel, and here are sharp edges
  }
}

TEST(RotatedCrop, IsACropWhenNotTurned) {
  const auto frame = noise(40, 30);
  const auto turned = crop(*frame, RotatedBox{{15, 12}, 20, 10, 0});
  ASSERT_TRUE(turned);
  EXPECT_EQ(difference(**turned, [&](int x, int y, int c) { return at(*frame, x + 5, y + 7, c); }).most, 0);
}

TEST(RotatedCrop, TurnsClockwise) {
  const auto frame = noise(40, 30);
  const auto turned = crop(*frame, RotatedBox{{20, 15}, 10, 6, std::numbers::pi_v<float> / 2});
  ASSERT_TRUE(turned);
  // Its own x axis points down the picture, its own y axis to the left.
  EXPECT_LE(difference(**turned, [&](int x, int y, int c) { return at(*frame, 22 - y, 10 + x, c); }).most, 1);
}

TEST(RotatedCrop, RefusesABoxThatIsNone) {
  const auto frame = noise(40, 30);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const RotatedBox& box :
       {RotatedBox{{5, 5}, 0, 5, 0}, RotatedBox{{5, 5}, 5, 1e9F, 0}, RotatedBox{{std::nanf(""), 5}, 5, 5, 0},
        RotatedBox{{5, 5}, 5, 5, kInfinity}, RotatedBox{{5, 5}, std::nanf(""), 5, 0}}) {
    EXPECT_EQ(crop(*frame, box).error().code(), Code::invalid);
  }
}

using Pick = double (*)(double, double);
double least(double a, double b) {
  return std::min(a, b);
}
double greatest(double a, double b) {
  return std::max(a, b);
}

bool in_neighbourhood(Neighbourhood shape, int x, int y, int radius) {
  if (shape == Neighbourhood::cross) return x == 0 || y == 0;
  return shape == Neighbourhood::square || std::hypot(x, y) <= radius;
}

double pick_around(const Frame& frame, int x, int y, int c, Neighbourhood shape, int radius, Pick pick) {
  double picked = at(frame, x, y, c);
  for (int row = std::max(0, y - radius); row <= std::min(frame.height() - 1, y + radius); ++row) {
    for (int column = std::max(0, x - radius); column <= std::min(frame.width() - 1, x + radius); ++column) {
      if (in_neighbourhood(shape, column - x, row - y, radius)) picked = pick(picked, at(frame, column, row, c));
    }
  }
  return picked;
}

TEST(Morph, PicksTheLeastOrGreatestOfTheNeighbourhood) {
  const auto frame = noise(37, 29);
  for (const auto shape : {Neighbourhood::square, Neighbourhood::cross, Neighbourhood::disc}) {
    for (const int radius : {1, 3}) {
      for (const auto& [operation, pick] :
           {std::pair{Morphology::erode, Pick{least}}, {Morphology::dilate, greatest}}) {
        const auto result = morph(*frame, operation, shape, radius);
        ASSERT_TRUE(result) << result.error().message();
        const auto off = difference(**result, [&, pick = pick](int x, int y, int c) {
          return pick_around(*frame, x, y, c, shape, radius, pick);
        });
        EXPECT_EQ(off.most, 0) << static_cast<int>(shape) << " " << radius;
      }
    }
  }
}

TEST(Morph, OpensAndClosesInTwoSteps) {
  const auto frame = noise(37, 29);
  for (const auto& [operation, first, pick] : {std::tuple{Morphology::open, Morphology::erode, Pick{greatest}},
                                               {Morphology::close, Morphology::dilate, least}}) {
    const auto result = morph(*frame, operation, Neighbourhood::disc, 2);
    const auto half = morph(*frame, first, Neighbourhood::disc, 2);
    ASSERT_TRUE(result && half);
    const auto off = difference(**result, [&, &half = half, pick = pick](int x, int y, int c) {
      return pick_around(**half, x, y, c, Neighbourhood::disc, 2, pick);
    });
    EXPECT_EQ(off.most, 0);
  }
}

TEST(Morph, RefusesARadiusThatIsNone) {
  const auto frame = noise(8, 8);
  for (const int radius : {0, -1, 101}) {
    EXPECT_EQ(morph(*frame, Morphology::open, Neighbourhood::disc, radius).error().code(), Code::invalid);
  }
}

TEST(CopyToBgr, GivesTheColoursOfTheScene) {
  const auto expected = scene(64, 48);
  for (const auto format : {PixelFormat::yuv420p, PixelFormat::nv12, PixelFormat::bgr24}) {
    const auto copy = copy_to_bgr(*scene(64, 48, format));
    ASSERT_TRUE(copy) << copy.error().message();
    EXPECT_EQ((*copy)->info().format, PixelFormat::bgr24);
    const auto off = difference(**copy, [&](int x, int y, int c) { return at(*expected, x, y, c); });
    EXPECT_LT(off.mean, format == PixelFormat::bgr24 ? 1e-9 : 4) << static_cast<int>(format);  // chroma is halved
  }
}

TEST(ImageOperations, AskForBgr) {
  const auto frame = scene(64, 48, PixelFormat::yuv420p);
  EXPECT_EQ(resize(*frame, 10, 10, ResampleFilter::area).error().code(), Code::unsupported);
  EXPECT_EQ(crop(*frame, PixelRegion{0, 0, 4, 4}).error().code(), Code::unsupported);
  EXPECT_EQ(morph(*frame, Morphology::erode, Neighbourhood::disc, 1).error().code(), Code::unsupported);
}

}  // namespace
}  // namespace ocelli::vision
