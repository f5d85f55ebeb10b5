#include "track/camera_motion.h"

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

TEST(CameraMotion, DefaultMovesNothing) {
  const CameraMotion still;
  EXPECT_EQ(still.moved({3, 4}), (vision::PixelPoint{3, 4}));
  EXPECT_EQ(still.turned({3, 4}), (vision::PixelPoint{3, 4}));
  EXPECT_FLOAT_EQ(still.zoom(), 1);
}

TEST(CameraMotion, TurnsVelocitiesWithoutShiftingThem) {
  const CameraMotion quarter{.xx = 0, .xy = -2, .x0 = 100, .yx = 2, .yy = 0, .y0 = 50};
  EXPECT_EQ(quarter.moved({10, 20}), (vision::PixelPoint{60, 70}));
  EXPECT_EQ(quarter.turned({10, 20}), (vision::PixelPoint{-40, 20}));
  EXPECT_FLOAT_EQ(quarter.zoom(), 2);
}

}  // namespace
}  // namespace ocelli::track
