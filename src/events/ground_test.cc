#include "events/ground.h"

#include <chrono>

#include <gtest/gtest.h>

#include "events/trail.h"

namespace ocelli::events {
namespace {

/// A road of 10 by 40 m that narrows towards the horizon at a fifth of the picture's height.
GroundConfig road() {
  GroundConfig config;
  config.points = {{0, 1}, {1, 1}, {0.6F, 0.36F}, {0.4F, 0.36F}};
  config.metres = {{0, 0}, {10, 0}, {10, 40}, {0, 40}};
  return config;
}

Object person(Anchor anchor, float height_px) {
  Object object;
  object.picture = {1'000, 500};
  object.anchor = anchor;
  object.track.box = {0, 0, height_px / 2, height_px};
  return object;
}

TEST(Ground, TakesTheFourPointsToTheirPlaces) {
  const Ground ground(road());
  const auto config = road();
  for (std::size_t i = 0; i < 4; ++i) {
    const auto place = ground.place({config.points[i].x, config.points[i].y});
    ASSERT_TRUE(place);
    EXPECT_NEAR(place->x, config.metres[i].x, 1e-6);
    EXPECT_NEAR(place->y, config.metres[i].y, 1e-6);
  }
}

TEST(Ground, KeepsStraightLinesAndSeesPerspective) {
  const Ground ground(road());
  // The diagonals of a rectangle meet in its middle, in the picture as on the ground.
  const auto middle = ground.place({0.5, 1 - 0.64 * 0.5 / 0.6});
  ASSERT_TRUE(middle);
  EXPECT_NEAR(middle->x, 5, 1e-5);
  EXPECT_NEAR(middle->y, 20, 1e-4);
}

TEST(Ground, HasNoPlacesAtOrBeyondItsHorizon) {
  const Ground ground(road());
  EXPECT_TRUE(ground.place({0.5, 0.21}));
  EXPECT_FALSE(ground.place({0.5, 0.1999}));
  EXPECT_FALSE(ground.place({0.5, 0}));
}

TEST(Ground, WithoutPointsPeopleAreTheRuler) {
  const Ground ground(GroundConfig{});
  EXPECT_FALSE(ground.has_plane());
  EXPECT_FALSE(ground.place({0.5, 0.5}));
  // 170 pixels are 1.7 m, so 300 pixels are 3 m.
  EXPECT_NEAR(*ground.distance_m(person({0.2, 0.5}, 170), {0.5, 0.5}), 3, 1e-6);
}

TEST(Ground, MeasuresDistancesOnThePlane) {
  const Ground ground(road());
  EXPECT_NEAR(*ground.distance_m(person({0, 1}, 170), {1, 1}), 10, 1e-6);
  EXPECT_FALSE(ground.distance_m(person({0, 1}, 170), {0.5, 0}));
}

TEST(Trail, ItsVelocityIsThatOfTheStraightLineThatFitsBest) {
  Trail trail;
  const auto at = [](int ms) { return media::MediaTime(std::chrono::milliseconds{ms}); };
  for (int ms = 0; ms < 400; ms += 100) trail.add(at(ms), {0.001 * ms, 5});
  EXPECT_FALSE(trail.velocity()) << "too short to tell";
  for (int ms = 400; ms <= 2'000; ms += 100) trail.add(at(ms), {0.001 * ms + (ms % 200 == 0 ? 0.01 : -0.01), 5});
  ASSERT_TRUE(trail.velocity());
  EXPECT_NEAR(trail.velocity()->x, 1, 0.02);
  EXPECT_NEAR(trail.velocity()->y, 0, 1e-9);
}

TEST(Trail, ForgetsWhatIsOldAndWhatIsBehindAGap) {
  Trail trail;
  const auto at = [](int ms) { return media::MediaTime(std::chrono::milliseconds{ms}); };
  for (int ms = 0; ms <= 1'000; ms += 100) trail.add(at(ms), {0, 0});
  for (int ms = 1'100; ms <= 2'100; ms += 100) trail.add(at(ms), {0.002 * (ms - 1'100), 0});
  EXPECT_NEAR(trail.velocity()->x, 2, 1e-9);
  trail.add(at(9'000), {0, 0});
  EXPECT_FALSE(trail.velocity());
}

}  // namespace
}  // namespace ocelli::events
