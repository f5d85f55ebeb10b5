#include "track/box_filter.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::track {
namespace {

using vision::PixelBox;

PixelBox walking(double time_s) {
  return {static_cast<float>(100 + 60 * time_s), 200, 40, 100};
}

TEST(BoxFilter, BeginsAtTheFirstBoxAtRest) {
  const BoxFilter filter({10, 20, 30, 40});
  EXPECT_EQ(filter.box(), (PixelBox{10, 20, 30, 40}));
  EXPECT_EQ(filter.velocity_px_s(), vision::PixelPoint{});
}

TEST(BoxFilter, LearnsASteadyVelocityAndPredictsWithIt) {
  BoxFilter filter(walking(0));
  for (int frame = 1; frame <= 60; ++frame) {
    filter.predict(1.0 / 30);
    filter.correct(walking(frame / 30.0));
  }
  EXPECT_NEAR(filter.velocity_px_s().x, 60, 3);
  EXPECT_NEAR(filter.velocity_px_s().y, 0, 0.5);
  filter.predict(0.5);
  EXPECT_NEAR(filter.box().left, walking(2.5).left, 3);
}

TEST(BoxFilter, LearnsTheSameVelocityFromFramesThatComeIrregularly) {
  BoxFilter filter(walking(0));
  double time_s = 0;
  for (int frame = 1; frame <= 60; ++frame) {
    const double step_s = frame % 3 == 0 ? 0.2 : 0.04;
    time_s += step_s;
    filter.predict(step_s);
    filter.correct(walking(time_s));
  }
  EXPECT_NEAR(filter.velocity_px_s().x, 60, 3);
}

RC_GTEST_PROP(BoxFilter, OneLongStepEqualsManyShortOnes, ()) {
  BoxFilter one({100, 100, 50, 120});
  one.predict(0.1);
  one.correct({110, 103, 50, 120});
  one.hold_size();  // with a changing size the noise, a share of it, would rightly differ
  BoxFilter many = one;
  const int steps = *rc::gen::inRange(2, 20);
  one.predict(0.02 * steps);
  for (int i = 0; i < steps; ++i) many.predict(0.02);
  one.correct({150, 110, 50, 120});
  many.correct({150, 110, 50, 120});
  RC_ASSERT(std::abs(one.box().left - many.box().left) < 1e-3);
  RC_ASSERT(std::abs(one.velocity_px_s().x - many.velocity_px_s().x) < 1e-2);
}

TEST(BoxFilter, HeldSizeNeitherGrowsNorVanishes) {
  BoxFilter filter({100, 100, 50, 100});
  for (int frame = 1; frame <= 10; ++frame) {
    filter.predict(0.04);
    filter.correct({100, 100, 50 - 4.F * static_cast<float>(frame), 100 - 8.F * static_cast<float>(frame)});
  }
  BoxFilter shrinking = filter;
  filter.hold_size();
  const float width = filter.box().width;
  filter.predict(2);
  shrinking.predict(2);
  EXPECT_FLOAT_EQ(filter.box().width, width);
  EXPECT_GE(shrinking.box().width, 1) << "even unheld, a box stays a box";
}

}  // namespace
}  // namespace ocelli::track
