#include "track/ground_plane.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

constexpr double kFocalPx = 1'000;
constexpr double kHeightM = 2;
constexpr float kHorizonPx = 300;
constexpr float kMiddlePx = 500;

/// A camera two metres above the ground that looks along y, level, at a picture of 1000 × 600.
GroundPlane level_camera() {
  return *GroundPlane::create({kFocalPx, kMiddlePx, 0, 0, kHorizonPx, kFocalPx * kHeightM, 0, 1, 0});
}

TEST(GroundPlane, TellsWhereAPointOfThePictureLies) {
  const auto place = level_camera().place({kMiddlePx + 100, kHorizonPx + 200});  // 2 m below at 200 px: 10 m away
  ASSERT_TRUE(place);
  EXPECT_NEAR(place->x_m, 1, 1e-9);
  EXPECT_NEAR(place->y_m, 10, 1e-9);
}

TEST(GroundPlane, SeesAPlaceWhereItLies) {
  const auto ground = level_camera();
  const auto point = ground.seen({-3, 25});
  const auto place = ground.place(point);
  ASSERT_TRUE(place);
  EXPECT_NEAR(place->x_m, -3, 1e-4);
  EXPECT_NEAR(place->y_m, 25, 1e-4);
}

TEST(GroundPlane, HasNoPlaceAtOrAboveTheHorizon) {
  EXPECT_FALSE(level_camera().place({kMiddlePx, kHorizonPx}));
  EXPECT_FALSE(level_camera().place({kMiddlePx, kHorizonPx - 50}));
  EXPECT_FALSE(level_camera().footing({kMiddlePx, 0, 20, 40}));
}

TEST(GroundPlane, NeedsACameraThatSeesTheGround) {
  EXPECT_FALSE(GroundPlane::create({}));
  EXPECT_FALSE(GroundPlane::create({1, 2, 3, 2, 4, 6, 0, 0, 1}));
  EXPECT_FALSE(GroundPlane::create({NAN, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST(GroundPlane, IsLessSureOfDepthThanOfTheSideAndOfWhatIsFar) {
  const auto near = level_camera().footing({kMiddlePx - 40, kHorizonPx, 80, 200});  // 10 m away, off by 10 px
  const auto far = level_camera().footing({kMiddlePx - 10, kHorizonPx, 20, 50});    // 40 m away, off by 2.5 px
  ASSERT_TRUE(near && far);
  EXPECT_NEAR(near->place.y_m, 10, 1e-6);
  EXPECT_NEAR(std::sqrt(near->spread.xx), 0.1, 1e-6);
  EXPECT_NEAR(std::sqrt(near->spread.yy), 0.5, 1e-6) << "10 px of 200 are a twentieth of the depth";
  EXPECT_NEAR(near->spread.xy, 0, 1e-9) << "straight ahead";
  EXPECT_NEAR(std::sqrt(far->spread.yy), 2, 1e-6);
}

}  // namespace
}  // namespace ocelli::track
