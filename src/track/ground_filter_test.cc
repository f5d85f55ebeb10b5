#include "track/ground_filter.h"

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

constexpr double kFrame = 0.04;

Footing standing(double x, double y, const GroundSpread& spread = {0.01, 0, 0.04}) {
  return {{x, y}, spread};
}

/// Walks along x, a metre and a half a second.
GroundFilter walker(int frames) {
  GroundFilter filter(standing(0, 5));
  for (int i = 1; i <= frames; ++i) {
    filter.predict(kFrame);
    filter.correct(standing(1.5 * kFrame * i, 5));
  }
  return filter;
}

TEST(GroundFilter, GoesOnWithTheSpeedThatItSaw) {
  auto filter = walker(50);
  filter.predict(1);
  EXPECT_NEAR(filter.place().x_m, 1.5 * (50 * kFrame + 1), 0.1);
  EXPECT_NEAR(filter.place().y_m, 5, 1e-6);
}

TEST(GroundFilter, OneLongStepEqualsManyShortOnes) {
  auto once = walker(20);
  auto often = once;
  once.predict(1);
  for (int i = 0; i < 25; ++i) often.predict(kFrame);
  EXPECT_NEAR(once.place().x_m, often.place().x_m, 1e-9);
  const auto elsewhere = standing(4, 6, {0.02, 0.01, 0.05});
  EXPECT_NEAR(once.squared_distance(elsewhere), often.squared_distance(elsewhere), 1e-9);
}

TEST(GroundFilter, CountsDistanceByWhatItIsUnsureOf) {
  const auto filter = walker(50);
  const auto place = filter.place();
  EXPECT_NEAR(filter.squared_distance(standing(place.x_m, place.y_m)), 0, 1e-12);
  EXPECT_GT(filter.squared_distance(standing(place.x_m + 0.5, place.y_m)),
            filter.squared_distance(standing(place.x_m, place.y_m + 0.5)));
}

TEST(GroundFilter, IsLessSureTheLongerItSeesNothing) {
  auto filter = walker(50);
  const auto off = [&] { return filter.squared_distance(standing(filter.place().x_m + 1, 5)); };
  const double at_once = off();
  filter.predict(1);
  const double after_a_second = off();
  filter.predict(1);
  EXPECT_GT(at_once, after_a_second);
  EXPECT_GT(after_a_second, off());
}

TEST(GroundFilter, LearnsFromASlantedSpreadInBothDirections) {
  GroundFilter filter(standing(0, 0, {1, 0, 1}));
  filter.correct(standing(1, 0, {0.5, 0.4, 0.5}));
  // P (P + R)⁻¹ with P = 1 and P + R = [1.5 .4; .4 1.5]: (1.5, -.4) / 2.09.
  EXPECT_NEAR(filter.place().x_m, 1.5 / 2.09, 1e-12);
  EXPECT_NEAR(filter.place().y_m, -0.4 / 2.09, 1e-12);
}

TEST(GroundFilter, MovesWithThePictureAndKeepsItsSpeed) {
  auto filter = walker(50);
  filter.move_to({10, 20});
  filter.predict(1);
  EXPECT_NEAR(filter.place().x_m, 11.5, 0.1);
  EXPECT_NEAR(filter.place().y_m, 20, 1e-6);
}

}  // namespace
}  // namespace ocelli::track
