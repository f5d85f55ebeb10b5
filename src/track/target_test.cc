#include "track/target.h"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using std::chrono::milliseconds;

media::MediaTime at(int ms) {
  return media::MediaTime(milliseconds{ms});
}

infer::Detection person(float center_x, float center_y, float score = 0.9F) {
  return {{center_x - 20, center_y - 50, 40, 100}, score, 0};
}

/// Walks to the right, four pixels every 40 ms.
Target walker() {
  Target target(person(100, 100), at(0));
  for (int frame = 1; frame <= 5; ++frame) {
    target.predict(0.04);
    target.see(person(100 + 4.F * static_cast<float>(frame), 100), at(40 * frame), 1);
  }
  return target;
}

TEST(Target, KnowsWhichWayIsStraightOn) {
  const auto target = walker();
  EXPECT_NEAR(target.straightness({130, 100}), 1, 1e-3);
  EXPECT_NEAR(target.straightness({50, 100}), -1, 1e-3);
  EXPECT_NEAR(target.straightness({108, 150}), 0, 0.1) << "seen from where it was a tenth of a second ago";
}

TEST(Target, GoesOnAsWhoWasLost) {
  Target lost({{0, 0, 40, 100}, 0.9F, 7}, at(0));
  for (int frame = 1; frame < 5; ++frame) {
    lost.predict(0.04);
    lost.see({{0, 0, 40, 100}, 0.9F, 7}, at(40 * frame), 1);
  }
  lost.confirm(3);
  lost.looks().take({{1, 0}}, at(160));
  lost.predict(0.04);
  lost.miss();
  auto target = walker();
  target.go_on_as(lost);
  target.confirm(4);
  const auto track = target.snapshot();
  EXPECT_EQ(track.id, 3U);
  EXPECT_EQ(track.state, TrackState::confirmed);
  EXPECT_EQ(track.first_seen, at(0));
  EXPECT_EQ(track.first_box, (vision::PixelBox{0, 0, 40, 100}));
  EXPECT_NEAR(track.box.left, 100, 2) << "where it is seen now";
  EXPECT_FLOAT_EQ(target.looks().likeness({{1, 0}}), 1);
}

TEST(Target, StandsWhereItWasSeenUntilItCanHaveWalkedAway) {
  auto target = walker();
  const auto place = [](double x) { return Footing{{x, 5}, {0.01, 0, 0.01}}; };
  EXPECT_TRUE(target.may_stand(place(3))) << "nobody knows where it stood";
  target.stand(place(0));
  EXPECT_TRUE(target.may_stand(place(0)));
  EXPECT_FALSE(target.may_stand(place(3)));
  target.predict(3);
  EXPECT_TRUE(target.may_stand(place(3)));
}

TEST(Target, StandsElsewhereWhenThePictureMoved) {
  const auto ground = *GroundPlane::create({100, 0, 0, 0, 100, 0, 0, 0, 1});  // from above, a metre is 100 px
  auto target = walker();
  target.stand({{1, 1}, {0.01, 0, 0.01}});
  target.follow_on(ground, {.x0 = 200});
  EXPECT_TRUE(target.may_stand({{3, 1}, {0.01, 0, 0.01}}));
  EXPECT_FALSE(target.may_stand({{1, 1}, {0.01, 0, 0.01}}));
}

TEST(Target, StandsNowhereWhenThePictureMovedItAboveTheHorizon) {
  const auto ground = *GroundPlane::create({100, 0, 0, 0, 50, 200, 0, 1, 0});  // horizon at 50 px
  auto target = walker();
  target.stand({{0, 10}, {0.01, 0, 0.01}});
  target.follow_on(ground, {.y0 = -40});
  EXPECT_TRUE(target.may_stand({{50, 50}, {0.01, 0, 0.01}}));
}

TEST(Target, HasNoDirectionAtItsFirstSightingNorOnTheSpot) {
  Target target(person(100, 100), at(0));
  EXPECT_EQ(target.straightness({200, 100}), 0);
  target.see(person(100, 100), at(40), 1);
  EXPECT_EQ(target.straightness({200, 100}), 0);
}

TEST(Target, KeepsItsDirectionWhenThePictureMoves) {
  auto target = walker();
  target.follow({1'000, 500}, {0, 0});
  EXPECT_NEAR(target.straightness({1'130, 600}), 1, 1e-3);
  target.follow(CameraMotion{.xx = 0, .xy = -1, .x0 = 600, .yx = 1, .yy = 0, .y0 = -1'000});
  EXPECT_NEAR(target.straightness({0, 130}), 1, 1e-3) << "a quarter turn: right has become down";
}

TEST(Target, ExpectsTheScoreToGoOn) {
  Target target(person(100, 100, 0.9F), at(0));
  EXPECT_FLOAT_EQ(target.expected_score(), 0.9F);
  target.see(person(100, 100, 0.7F), at(40), 1);
  EXPECT_FLOAT_EQ(target.expected_score(), 0.5F);
  target.see(person(100, 100, 0.2F), at(80), 1);
  EXPECT_FLOAT_EQ(target.expected_score(), 0.1F) << "not below what a detector reports";
}

TEST(Target, DoubtedDetectionsMoveItLess) {
  auto sure = walker();
  auto doubted = walker();
  sure.see(person(160, 100), at(240), 1);
  doubted.see(person(160, 100), at(240), 3);
  EXPECT_LT(doubted.box().left, sure.box().left);
}

TEST(Target, EarnsItsQualityWithinASecondAndLosesItLikeThat) {
  Target target(person(100, 100, 0.8F), at(0));
  EXPECT_EQ(target.snapshot().quality, 0);
  for (int frame = 1; frame <= 100; ++frame) {
    target.predict(0.04);
    target.see(person(100, 100, 0.8F), at(40 * frame), 1);
  }
  EXPECT_NEAR(target.snapshot().quality, 0.8, 0.02);
  target.predict(1);
  target.miss();
  EXPECT_NEAR(target.snapshot().quality, 0.8 * std::exp(-1), 0.02);
}

TEST(Target, AJumpOfThePictureMovesItsBoxAndADriftItsVelocity) {
  auto target = walker();
  const auto before = target.snapshot();
  target.follow({10, -5}, {30, 0});
  const auto after = target.snapshot();
  EXPECT_NEAR(after.box.left - before.box.left, 10, 1e-3);
  EXPECT_NEAR(after.box.top - before.box.top, -5, 1e-3);
  EXPECT_NEAR(after.velocity_px_s.x - before.velocity_px_s.x, 30, 1e-3);
}

}  // namespace
}  // namespace ocelli::track
