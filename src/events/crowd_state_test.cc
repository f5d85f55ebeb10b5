#include "events/crowd_state.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;

CrowdView standing(int people) {
  CrowdView view;
  view.people = people;
  view.neighbour_m = 0.8;
  view.window_iou = 1;
  view.speed_px = 0.1;
  return view;
}

class CrowdStateTest : public ::testing::Test {
 protected:
  /// Shows `view` at 10 frames a second; the last step that told something.
  CrowdStateMachine::Step show(const CrowdView& view, milliseconds duration) {
    CrowdStateMachine::Step told;
    for (const auto end = now_ + duration; now_ < end;) {
      now_ += milliseconds{100};
      auto step = machine_.update(now_, view);
      if (step.entered || step.missed) told = step;
    }
    return told;
  }

  CrowdConfig config_;
  CrowdStateMachine machine_{config_};
  media::MediaTime now_;
};

TEST_F(CrowdStateTest, GathersAfterFiveSecondsAndLoitersAfterFifteen) {
  show(standing(3), milliseconds{100});  // the time counts from the first look
  EXPECT_FALSE(show(standing(3), milliseconds{4'900}).entered.has_value());
  const auto gathering = show(standing(3), milliseconds{100});
  ASSERT_EQ(gathering.entered, CrowdPhase::gathering);
  EXPECT_EQ(gathering.gates.size(), 4U);
  for (const auto& gate : gathering.gates) EXPECT_TRUE(gate.passed) << gate.name;
  EXPECT_FALSE(show(standing(3), milliseconds{9'900}).entered.has_value());
  EXPECT_EQ(show(standing(3), milliseconds{100}).entered, CrowdPhase::loitering);
}

TEST_F(CrowdStateTest, WhoMovesDoesNotLoiter) {
  CrowdView restless = standing(5);
  restless.speed_px = 0.4;
  show(restless, milliseconds{40'000});
  EXPECT_EQ(machine_.phase(), CrowdPhase::gathering);
  CrowdView drifting = standing(5);
  drifting.drift_px = 9;
  show(drifting, milliseconds{40'000});
  EXPECT_EQ(machine_.phase(), CrowdPhase::gathering);
}

TEST_F(CrowdStateTest, AChanceThatPassesIsANearMissWithTheGateThatStoppedIt) {
  show(standing(3), milliseconds{4'200});
  const auto missed = show(standing(0), milliseconds{10'000});
  ASSERT_EQ(missed.missed, CrowdPhase::gathering);
  const Gate& gate = missed.missed_gates.back();
  EXPECT_EQ(gate.name, "together_s");
  EXPECT_NEAR(gate.value, 4.1, 1e-6);
  EXPECT_EQ(gate.threshold, 5);
  EXPECT_FALSE(gate.passed);
  EXPECT_TRUE(missed.missed_gates.front().passed) << "three people were enough";
  EXPECT_TRUE(machine_.over());
}

TEST_F(CrowdStateTest, AFlickerDoesNotCountAndDoesNotStartTheTimeAgain) {
  show(standing(3), milliseconds{4'100});
  show(standing(2), milliseconds{500});
  EXPECT_FALSE(show(standing(3), milliseconds{900}).entered.has_value());
  EXPECT_EQ(show(standing(3), milliseconds{100}).entered, CrowdPhase::gathering);
}

TEST_F(CrowdStateTest, WhoAreMoreApartThanTogetherStartAgain) {
  for (int i = 0; i < 20; ++i) {
    show(standing(3), milliseconds{400});
    show(standing(2), milliseconds{600});
  }
  EXPECT_EQ(machine_.phase(), CrowdPhase::idle);
}

TEST_F(CrowdStateTest, DispersesWhenBothRadiusAndSpreadGrowAndThenEnds) {
  show(standing(6), milliseconds{6'000});
  CrowdView wider = standing(6);
  wider.radius_growth = 0.5;
  EXPECT_FALSE(show(wider, milliseconds{500}).entered.has_value());
  wider.spread_growth = 0.4;
  EXPECT_EQ(show(wider, milliseconds{100}).entered, CrowdPhase::dispersing);
  EXPECT_FALSE(show(wider, milliseconds{2'900}).entered.has_value());
  EXPECT_EQ(show(wider, milliseconds{100}).entered, CrowdPhase::ended) << "after three seconds at the latest";
  EXPECT_TRUE(machine_.over());
}

TEST_F(CrowdStateTest, EndsWhenTooFewAreLeftForTwoSeconds) {
  show(standing(3), milliseconds{6'000});
  EXPECT_FALSE(show(standing(2), milliseconds{1'900}).entered.has_value());
  const auto end = show(standing(2), milliseconds{200});
  ASSERT_EQ(end.entered, CrowdPhase::ended);
  EXPECT_EQ(end.gates.front().name, "people");
  EXPECT_EQ(end.gates.front().need, Need::at_most);
}

}  // namespace
}  // namespace ocelli::events
