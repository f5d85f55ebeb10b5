#include "track/shift_estimator.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using Surprises = std::vector<ShiftEstimator::Surprise>;
constexpr double kFrameSeconds = 0.04;

/// Objects of 100 pixels whose detections are off by a few pixels, all moved by the camera besides.
Surprises seen(int objects, vision::PixelPoint shift, std::mt19937& random) {
  std::normal_distribution<float> noise(0, 2);
  Surprises surprises;
  for (int i = 0; i < objects; ++i) surprises.push_back({{shift.x + noise(random), shift.y + noise(random)}, 100});
  return surprises;
}

TEST(ShiftEstimator, FindsAJumpOfTheWholePicture) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  ShiftEstimator estimator;
  const auto shift = estimator.shift_px(seen(12, {15, -9}, random), kFrameSeconds);
  EXPECT_NEAR(shift.x, 15, 2);
  EXPECT_NEAR(shift.y, -9, 2);
}

TEST(ShiftEstimator, LeavesACameraThatStandsStillAlone) {
  std::mt19937 random(2);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  ShiftEstimator estimator;
  int moved = 0;
  for (int frame = 0; frame < 1'000; ++frame) {
    if (estimator.shift_px(seen(10, {0, 0}, random), kFrameSeconds) != vision::PixelPoint{}) ++moved;
  }
  EXPECT_LE(moved, 10);
}

TEST(ShiftEstimator, IgnoresTheOneObjectThatJumps) {
  ShiftEstimator estimator;
  const Surprises surprises{{{0, 0}, 100}, {{0, 0}, 100}, {{0, 0}, 100}, {{0, 0}, 100}, {{60, 60}, 100}};
  EXPECT_EQ(estimator.shift_px(surprises, kFrameSeconds), vision::PixelPoint{});
}

TEST(ShiftEstimator, TwoObjectsAreNoWitnesses) {
  ShiftEstimator estimator;
  EXPECT_EQ(estimator.shift_px(Surprises{{{9, 9}, 100}, {{9, 9}, 100}}, kFrameSeconds), vision::PixelPoint{});
  EXPECT_EQ(estimator.shift_px({}, kFrameSeconds), vision::PixelPoint{});
}

TEST(ShiftEstimator, NeedsToExplainTheSurprisesOfTheLastSecond) {
  std::mt19937 random(3);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  std::normal_distribution<float> wild(0, 25);
  ShiftEstimator estimator;
  for (int frame = 0; frame < 50; ++frame) {
    Surprises dance;
    for (int i = 0; i < 10; ++i) dance.push_back({{wild(random), wild(random)}, 100});
    estimator.shift_px(dance, kFrameSeconds);
  }
  const Surprises together(10, {{20, 0}, 100});
  EXPECT_EQ(estimator.shift_px(together, kFrameSeconds), vision::PixelPoint{}) << "one step in common is no camera";
  vision::PixelPoint shift;
  for (int frame = 0; frame < 50; ++frame) shift = estimator.shift_px(together, kFrameSeconds);
  EXPECT_EQ(shift, (vision::PixelPoint{20, 0}));
}

}  // namespace
}  // namespace ocelli::track
