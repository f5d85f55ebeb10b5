#include "config/polygon.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::config {
namespace {

using Corners = std::vector<vision::UnitPoint>;

std::string defect(const Corners& corners) {
  return polygon_defect(corners).value_or("fine");
}

TEST(PolygonDefect, AcceptsConvexAndConcaveOutlinesInBothDirections) {
  Corners square{{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  EXPECT_EQ(defect(square), "fine");
  std::reverse(square.begin(), square.end());
  EXPECT_EQ(defect(square), "fine");
  EXPECT_EQ(defect({{0, 0}, {1, 0}, {0.5F, 0.3F}, {0, 1}}), "fine");
  EXPECT_EQ(defect({{0.1F, 0.2F}, {0.5F, 0.2F}, {0.5F, 0.9F}}), "fine");
}

TEST(PolygonDefect, AcceptsACornerOnAStraightEdge) {
  EXPECT_EQ(defect({{0, 0}, {0.5F, 0}, {1, 0}, {1, 1}, {0, 1}}), "fine");
}

TEST(PolygonDefect, NamesCrossingEdges) {
  EXPECT_THAT(defect({{0, 0}, {1, 1}, {1, 0}, {0, 1}}),
              testing::StartsWith("the edge between corners 1 and 2 meets the edge between 3 and 4: list the corners"));
}

TEST(PolygonDefect, NamesTouchingEdges) {
  EXPECT_THAT(defect({{0, 0}, {1, 0}, {1, 1}, {0.5F, 0}, {0, 1}}), testing::HasSubstr("meets the edge"));
}

TEST(PolygonDefect, NamesEqualNeighbours) {
  EXPECT_EQ(defect({{0, 0}, {0, 0}, {1, 1}}), "corners 1 and 2 are the same point");
  EXPECT_EQ(defect({{0, 0}, {1, 0}, {1, 1}, {0, 0}}), "corners 4 and 1 are the same point");
}

TEST(PolygonDefect, RefusesOutlinesWithoutArea) {
  EXPECT_THAT(defect({{0, 0}, {0.5F, 0.5F}, {1, 1}}), testing::HasSubstr("turns back on itself"));
  EXPECT_THAT(defect({{0, 0}, {1, 0}, {0, 0}, {0, 1}}), testing::HasSubstr("turns back on itself"));
}

RC_GTEST_PROP(PolygonDefect, AcceptsEveryStarShapedOutlineAndNoBowTie, ()) {
  const int count = *rc::gen::inRange(4, 30);
  Corners corners;
  for (int i = 0; i < count; ++i) {
    const double radius = 0.1 + 0.001 * *rc::gen::inRange(0, 350);
    const double angle = 2 * std::numbers::pi * i / count;
    corners.push_back(
        {static_cast<float>(0.5 + radius * std::cos(angle)), static_cast<float>(0.5 + radius * std::sin(angle))});
  }
  RC_ASSERT(!polygon_defect(corners));
  // Swapping two neighbouring corners of a convex outline makes its edges cross.
  for (int i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * i / count;
    corners[static_cast<std::size_t>(i)] = {static_cast<float>(0.5 + 0.4 * std::cos(angle)),
                                            static_cast<float>(0.5 + 0.4 * std::sin(angle))};
  }
  const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, count - 1));
  std::swap(corners[at], corners[at + 1]);
  RC_ASSERT(polygon_defect(corners).has_value());
}

}  // namespace
}  // namespace ocelli::config
