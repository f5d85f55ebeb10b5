#include "vision/geometry.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::vision {
namespace {

PixelBox any_box() {
  const auto number = [](int low, int high) { return static_cast<float>(*rc::gen::inRange(low, high)) / 4; };
  return {number(-400, 400), number(-400, 400), number(1, 400), number(1, 400)};
}

RC_GTEST_PROP(Iou, IsSymmetricAndBetweenZeroAndOne, ()) {
  const PixelBox a = any_box();
  const PixelBox b = any_box();
  RC_ASSERT(iou(a, b) == iou(b, a));
  RC_ASSERT(iou(a, b) >= 0 && iou(a, b) <= 1);
}

RC_GTEST_PROP(Iou, IsOneForABoxAndItself, ()) {
  const PixelBox a = any_box();
  RC_ASSERT(std::abs(iou(a, a) - 1) < 1e-5F);
}

TEST(Iou, IsZeroForBoxesThatOnlyTouchOrAreEmpty) {
  EXPECT_EQ(iou({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
  EXPECT_EQ(iou({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

TEST(Iou, IsAThirdForHalfOverlap) {
  EXPECT_FLOAT_EQ(iou({0, 0, 10, 10}, {5, 0, 10, 10}), 1.F / 3);
}

RC_GTEST_PROP(Clip, StaysInsideAndChangesNothingTwice, ()) {
  const PixelBox clipped = clip(any_box(), 64, 48);
  RC_ASSERT(clipped.left >= 0 && clipped.top >= 0 && clipped.width >= 0 && clipped.height >= 0);
  RC_ASSERT(clipped.right() <= 64 && clipped.bottom() <= 48);
  RC_ASSERT(clip(clipped, 64, 48) == clipped);
}

TEST(Clip, KeepsABoxInsideARegion) {
  EXPECT_EQ(clip({5, 5, 100, 100}, PixelRegion{10, 20, 30, 40}), (PixelBox{10, 20, 30, 40}));
  EXPECT_EQ(clip({50, 5, 10, 10}, PixelRegion{10, 20, 30, 40}).width, 0);
}

TEST(RegionOf, TakesAllPixelsThatTheBoxTouchesFromEvenOnes) {
  EXPECT_EQ(region_of({3.5F, 6, 4.2F, 5}, 640, 480), (PixelRegion{2, 6, 6, 5}));
  EXPECT_EQ(region_of({-3, -3, 10, 10}, 640, 480), (PixelRegion{0, 0, 7, 7}));
  EXPECT_EQ(region_of({638.5F, 470, 10, 50}, 640, 480), (PixelRegion{638, 470, 2, 10}));
}

TEST(RegionOf, IsEmptyForABoxThatIsNone) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(region_of({700, 10, 5, 5}, 640, 480).empty());
  EXPECT_TRUE(region_of({10, 10, 0, 5}, 640, 480).empty());
  EXPECT_TRUE(region_of({10, 10, -4, 5}, 640, 480).empty());
  EXPECT_TRUE(region_of({std::nanf(""), 10, 5, 5}, 640, 480).empty());
  EXPECT_TRUE(region_of({-kInfinity, 10, kInfinity, 5}, 640, 480).empty());
}

RC_GTEST_PROP(RegionOf, IsInsideThePictureAndAroundTheBox, ()) {
  const PixelBox box = any_box();
  const PixelRegion region = region_of(box, 64, 48);
  if (region.empty()) return;
  RC_ASSERT(region.left >= 0 && region.top >= 0 && region.right() <= 64 && region.bottom() <= 48);
  const PixelBox inside = clip(box, 64, 48);
  RC_ASSERT(static_cast<float>(region.left) <= inside.left && static_cast<float>(region.top) <= inside.top);
  RC_ASSERT(static_cast<float>(region.right()) >= inside.right() - 1e-3F);
  RC_ASSERT(static_cast<float>(region.bottom()) >= inside.bottom() - 1e-3F);
}

}  // namespace
}  // namespace ocelli::vision
