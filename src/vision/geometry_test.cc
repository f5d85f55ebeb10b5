#include "vision/geometry.h"

#include <cmath>

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

}  // namespace
}  // namespace ocelli::vision
