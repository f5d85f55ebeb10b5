#include "infer/text_regions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

using vision::PixelPoint;
using vision::Quadrilateral;

constexpr int kWidth = 320;
constexpr int kHeight = 240;

/// A rectangle of text: middle, size along its axes, angle. What the map is made from, and so the truth.
struct Drawn {
  float x;
  float y;
  float width;
  float height;
  float angle_rad = 0;
  float probability = 0.9F;
};

bool covers(const Drawn& drawn, float x, float y) {
  const float along = (x - drawn.x) * std::cos(drawn.angle_rad) + (y - drawn.y) * std::sin(drawn.angle_rad);
  const float across = (y - drawn.y) * std::cos(drawn.angle_rad) - (x - drawn.x) * std::sin(drawn.angle_rad);
  return std::abs(along) <= drawn.width / 2 && std::abs(across) <= drawn.height / 2;
}

std::size_t place(int x, int y) {
  return static_cast<std::size_t>(y) * kWidth + static_cast<std::size_t>(x);
}

std::vector<float> map_of(const std::vector<Drawn>& rectangles) {
  std::vector<float> map(static_cast<std::size_t>(kWidth) * kHeight, 0.02F);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      for (const auto& drawn : rectangles) {
        if (covers(drawn, static_cast<float>(x), static_cast<float>(y))) {
          map[place(x, y)] = drawn.probability;
        }
      }
    }
  }
  return map;
}

/// The corners after growth by area × ratio / perimeter, by hand.
std::array<PixelPoint, 4> grown_corners(const Drawn& drawn, float growth) {
  const float by = drawn.width * drawn.height * growth / (2 * (drawn.width + drawn.height));
  const float half_width = drawn.width / 2 + by;
  const float half_height = drawn.height / 2 + by;
  std::array<PixelPoint, 4> corners{
      {{-half_width, -half_height}, {half_width, -half_height}, {half_width, half_height}, {-half_width, half_height}}};
  for (auto& corner : corners) {
    corner = {drawn.x + corner.x * std::cos(drawn.angle_rad) - corner.y * std::sin(drawn.angle_rad),
              drawn.y + corner.x * std::sin(drawn.angle_rad) + corner.y * std::cos(drawn.angle_rad)};
  }
  return corners;
}

float farthest(const Quadrilateral& found, const std::array<PixelPoint, 4>& expected) {
  float most = 0;
  for (const auto& corner : expected) {
    float nearest = 1e9F;
    for (const auto& other : found.corners) nearest = std::min(nearest, Quadrilateral::distance(corner, other));
    most = std::max(most, nearest);
  }
  return most;
}

std::vector<TextRegion> find(const std::vector<float>& map) {
  auto regions = find_text(map, kWidth, kHeight, {});
  EXPECT_TRUE(regions);
  return regions ? *regions : std::vector<TextRegion>();
}

TEST(FindText, GivesEachRectangleGrownByItsDistance) {
  std::mt19937 random(3);
  const auto between = [&](float low, float high) { return std::uniform_real_distribution<float>(low, high)(random); };
  for (int trial = 0; trial < 40; ++trial) {
    const Drawn drawn{between(140, 180), between(110, 130),    between(60, 150),
                      between(12, 30),   between(-0.7F, 0.7F), between(0.6F, 1.0F)};
    const auto regions = find(map_of({drawn}));
    ASSERT_EQ(regions.size(), 1U);
    // The pixel that letters are widened by, half a pixel of the grid on each side, and that much more growth.
    EXPECT_LT(farthest(regions[0].area, grown_corners(drawn, 1.6F)), 3.5F);
    // The score's rectangle holds that pixel too, which is no text.
    EXPECT_NEAR(regions[0].score, drawn.probability, 0.2F);
  }
}

TEST(FindText, GrowsAnUprightRectangleExactly) {
  // Pixels 100…180 × 90…110, widened by one right and below: outline of 81 × 21.
  const auto regions = find(map_of({{140, 100, 80, 20}}));
  ASSERT_EQ(regions.size(), 1U);
  const float by = 81.F * 21.F * 1.6F / (2 * (81.F + 21.F));
  const auto& corners = regions[0].area.corners;
  EXPECT_NEAR(corners[0].x, 100 - by, 1.01F);  // OpenCV 4 widens to the left and above
  EXPECT_NEAR(corners[0].y, 90 - by, 1.01F);
  EXPECT_NEAR(corners[2].x - corners[0].x, 81 + 2 * by, 1e-2);
  EXPECT_NEAR(corners[2].y - corners[0].y, 21 + 2 * by, 1e-2);
}

TEST(FindText, LeavesOutWhatIsWeakOrSmall) {
  EXPECT_TRUE(find(map_of({{100, 100, 80, 20, 0, 0.35F}})).empty());  // text by pixel, not as a whole
  EXPECT_TRUE(find(map_of({{100, 100, 80, 20, 0, 0.25F}})).empty());
  EXPECT_TRUE(find(map_of({{100, 100, 1, 1}})).empty());
  EXPECT_TRUE(find(map_of({})).empty());
}

TEST(FindText, KeepsSeparateRegionsApartAndTheirNumberBounded) {
  std::vector<Drawn> drawn;
  for (int i = 0; i < 12; ++i) {
    const int column = i % 4;
    const int row = i / 4;
    drawn.push_back({static_cast<float>(40 + 80 * column), static_cast<float>(40 + 70 * row), 40, 16});
  }
  EXPECT_EQ(find(map_of(drawn)).size(), 12U);
  TextRegionThresholds few;
  few.most_regions = 5;
  const auto bounded = find_text(map_of(drawn), kWidth, kHeight, few);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->size(), 5U);
}

TEST(FindText, RefusesAMapOfAnotherSize) {
  const auto regions = find_text(std::vector<float>(10), 4, 4, {});
  ASSERT_FALSE(regions);
  EXPECT_EQ(regions.error().code(), base::Code::corrupt);
}

TEST(FindText, SurvivesAnyValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{std::nanf(""), kInfinity, -kInfinity, 3e38F, -3e38F, 0, 1, 0.4F, 1e-45F};
  std::mt19937 random(5);
  for (int trial = 0; trial < 60; ++trial) {
    // Blocks of one value as well as noise, so that there are regions to measure.
    const int block = 1 << (random() % 6);
    std::vector<float> blocks(static_cast<std::size_t>(kWidth) * kHeight);
    for (float& value : blocks) value = odd[random() % odd.size()];
    std::vector<float> map(blocks.size());
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        map[place(x, y)] = blocks[place(x / block, y / block)];
      }
    }
    for (const auto& region : find(map)) {
      EXPECT_TRUE(region.area.finite());
      EXPECT_GE(region.score, 0.5F);
      EXPECT_LE(region.score, 1);
    }
  }
}

TEST(Ordered, NamesCornersClockwiseFromTheTopLeft) {
  const std::array<PixelPoint, 4> corners{{{10, 10}, {90, 14}, {88, 40}, {8, 36}}};
  std::array<PixelPoint, 4> shuffled = corners;
  std::mt19937 random(1);
  for (int trial = 0; trial < 24; ++trial) {
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    EXPECT_EQ(ordered(shuffled).corners, corners);
  }
}

TextRegion region_at(float x, float y) {
  return {{{{{x, y}, {x + 50, y}, {x + 50, y + 20}, {x, y + 20}}}}, 1};
}

TEST(SortForReading, GoesByLinesAndThenFromTheLeft) {
  std::vector<TextRegion> regions{region_at(200, 104), region_at(10, 160), region_at(100, 96), region_at(10, 100)};
  sort_for_reading(regions, 10);
  std::vector<PixelPoint> order;
  for (const auto& region : regions) order.push_back(region.area.corners[0]);
  EXPECT_THAT(order, ::testing::ElementsAre(PixelPoint{10, 100}, PixelPoint{100, 96}, PixelPoint{200, 104},
                                            PixelPoint{10, 160}));
}

}  // namespace
}  // namespace ocelli::infer
