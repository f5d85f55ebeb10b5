#include "vision/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "vision/internal/color_matrix.h"

namespace ocelli::vision {
namespace {

constexpr std::uint8_t kGrey = 120;
constexpr Color kRed{230, 40, 30};

/// A grey picture whose rows are followed by bytes that must stay as they are.
class Paper {
 public:
  Paper(int width, int height, media::ColorSpec color = {}) : builder_(make(width, height, color)) {
    for (int p = 0; p < 3; ++p) {
      const media::PlaneSize size = media::plane_size(media::PixelFormat::yuv420p, p, width, height);
      std::fill_n(builder_.plane(p), static_cast<std::size_t>(builder_.stride_bytes(p) * size.height), kGrey);
    }
  }
  Canvas canvas() { return *Canvas::on(builder_); }
  int at(int plane, int x, int y) { return builder_.plane(plane)[y * builder_.stride_bytes(plane) + x]; }

  int changed(int plane) {
    int count = 0;
    for_each(plane, [&](int x, int y, bool inside) { count += inside && at(plane, x, y) != kGrey ? 1 : 0; });
    return count;
  }
  bool padding_is_untouched() {
    bool untouched = true;
    for (int p = 0; p < 3; ++p) {
      for_each(p, [&](int x, int y, bool inside) { untouched &= inside || at(p, x, y) == kGrey; });
    }
    return untouched;
  }

 private:
  static media::FrameBuilder make(int width, int height, media::ColorSpec color) {
    media::FrameInfo info;
    info.width = width;
    info.height = height;
    info.color = color;
    return *media::FrameBuilder::create(info);
  }
  template <class Visit>
  void for_each(int plane, const Visit& visit) {
    const media::PlaneSize size =
        media::plane_size(media::PixelFormat::yuv420p, plane, builder_.info().width, builder_.info().height);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < builder_.stride_bytes(plane); ++x) visit(x, y, x < size.width);
    }
  }
  media::FrameBuilder builder_;
};

std::array<int, 3> samples_of(Color color, media::ColorSpec spec) {
  const internal::YuvSample s = internal::rgb_to_yuv(color.red, color.green, color.blue, spec);
  return {static_cast<int>(std::lround(s.y)), static_cast<int>(std::lround(s.u)), static_cast<int>(std::lround(s.v))};
}

TEST(Canvas, RefusesFormatsItCannotDrawOn) {
  media::FrameInfo info;
  info.width = info.height = 16;
  info.format = media::PixelFormat::nv12;
  media::FrameBuilder builder = *media::FrameBuilder::create(info);
  ASSERT_FALSE(Canvas::on(builder));
  EXPECT_EQ(Canvas::on(builder).error().code(), base::Code::invalid);
}

TEST(Canvas, DrawsABoxAsAnOutlineInTheFramesOwnColors) {
  for (const media::ColorSpec spec : {media::ColorSpec{media::ColorMatrix::bt601, media::ColorRange::limited},
                                      media::ColorSpec{media::ColorMatrix::bt709, media::ColorRange::full}}) {
    Paper paper(320, 240, spec);
    paper.canvas().box({100, 60, 80, 40}, kRed);
    const auto expected = samples_of(kRed, spec);
    for (const auto& [x, y] : {std::pair{100, 60}, {101, 61}, {179, 60}, {100, 99}, {178, 80}, {140, 98}}) {
      EXPECT_EQ(paper.at(0, x, y), expected[0]) << x << "," << y;
      EXPECT_EQ(paper.at(1, x / 2, y / 2), expected[1]) << x << "," << y;
      EXPECT_EQ(paper.at(2, x / 2, y / 2), expected[2]) << x << "," << y;
    }
    for (const auto& [x, y] : {std::pair{99, 60}, {100, 59}, {140, 80}, {180, 60}, {102, 62}}) {
      EXPECT_EQ(paper.at(0, x, y), kGrey) << x << "," << y;
    }
  }
}

TEST(Canvas, FillsAPolygonTranslucently) {
  Paper paper(320, 240);
  paper.canvas().polygon({{100, 50}, {200, 50}, {200, 150}, {100, 150}}, kRed, 0.5F);
  const auto expected = samples_of(kRed, {});
  for (int p = 0; p < 3; ++p) {
    const int halved = p == 0 ? 1 : 2;
    const int inside = paper.at(p, 150 / halved, 100 / halved);
    EXPECT_NEAR(inside, (kGrey + expected[static_cast<std::size_t>(p)]) / 2.0, 1);
    EXPECT_EQ(paper.at(p, 220 / halved, 100 / halved), kGrey);
  }
}

TEST(Canvas, DrawsALineThroughItsPoints) {
  Paper paper(320, 240);
  paper.canvas().polyline({{20, 20}, {120, 20}, {120, 120}}, kRed, 4);
  const auto expected = samples_of(kRed, {});
  EXPECT_NEAR(paper.at(0, 60, 20), expected[0], 2);
  EXPECT_NEAR(paper.at(0, 120, 80), expected[0], 2);
  EXPECT_EQ(paper.at(0, 60, 80), kGrey);
}

TEST(Canvas, PutsALabelAboveItsAnchorAndInsideThePicture) {
  Paper paper(320, 240);
  paper.canvas().label({100, 60}, "person 7", kRed);
  EXPECT_EQ(paper.at(0, 100, 58), samples_of(kRed, {})[0]);
  EXPECT_EQ(paper.at(0, 98, 58), kGrey);
  EXPECT_EQ(paper.at(0, 100, 61), kGrey);
  Paper corner(320, 240);
  corner.canvas().label({310, 2}, "person 7", kRed);
  EXPECT_EQ(corner.changed(1), paper.changed(1));  // moved, not cut
}

TEST(Canvas, WritesBlackOnBrightAndWhiteOnDark) {
  const auto extreme = [](Color background, bool brightest) {
    Paper paper(640, 480);
    paper.canvas().label({100, 100}, "MMMM", background);
    int found = kGrey;
    for (int y = 60; y < 100; ++y) {
      for (int x = 100; x < 200; ++x) {
        found = brightest ? std::max(found, paper.at(0, x, y)) : std::min(found, paper.at(0, x, y));
      }
    }
    return found;
  };
  EXPECT_LT(extreme({250, 240, 120}, false), 40);
  EXPECT_GT(extreme({20, 30, 90}, true), 210);
}

TEST(Canvas, ScalesWithThePicture) {
  const auto label_share = [](int width, int height) {
    Paper paper(width, height);
    paper.canvas().label({0, static_cast<float>(height)}, "car 12", kRed);
    return static_cast<double>(paper.changed(0)) / (static_cast<double>(width) * height);
  };
  EXPECT_NEAR(label_share(3840, 2160) / label_share(1280, 720), 1.0, 0.25);
}

// The sanitizers watch the memory; this watches the bytes between the rows.
TEST(Canvas, StaysInsideThePictureWhateverIsDrawn) {
  std::mt19937 random(11);
  const std::vector<float> odd{-1e30F, 1e30F, std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity(), 0.F};
  const auto number = [&]() -> float {
    if (random() % 12 == 0) return odd[random() % odd.size()];
    return static_cast<float>(random() % 500) - 150;
  };
  for (int i = 0; i < 200; ++i) {
    const int width = 1 + static_cast<int>(random() % 200);
    const int height = 1 + static_cast<int>(random() % 150);
    Paper paper(width, height);
    Canvas canvas = paper.canvas();
    canvas.box({number(), number(), number(), number()}, kRed);
    canvas.label({number(), number()}, "a long label: Grüße 123456", color_of(random()));
    canvas.polyline({{number(), number()}, {number(), number()}, {number(), number()}}, kRed,
                    static_cast<int>(random() % 9));
    canvas.polygon({{number(), number()}, {number(), number()}, {number(), number()}}, kRed, 0.3F);
    canvas.label({number(), number()}, "", kRed);
    ASSERT_TRUE(paper.padding_is_untouched()) << width << "x" << height;
  }
}

TEST(ColorOf, KeepsNeighboursApart) {
  std::set<std::array<int, 3>> seen;
  for (std::uint64_t id = 0; id < 200; ++id) {
    const Color a = color_of(id);
    seen.insert({a.red, a.green, a.blue});
    for (std::uint64_t next = id + 1; next <= id + 4; ++next) {
      const Color b = color_of(next);
      EXPECT_GT(std::abs(a.red - b.red) + std::abs(a.green - b.green) + std::abs(a.blue - b.blue), 60)
          << id << " and " << next;
    }
  }
  EXPECT_GT(seen.size(), 190U);
}

}  // namespace
}  // namespace ocelli::vision
