#include "infer/behaviour_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::infer {
namespace {

using media::from_seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

float value(const BehaviourStep& step, std::string_view name) {
  const auto* const found = std::find(kBehaviourFeatures.begin(), kBehaviourFeatures.end(), name);
  EXPECT_NE(found, kBehaviourFeatures.end()) << name;
  return step.values[static_cast<std::size_t>(found - kBehaviourFeatures.begin())];
}

/// Somebody of 100 pixels who walks to the right.
TrackedBox walker(double time_s, double body_heights_per_second, std::int64_t track = 1, float top = 200) {
  return {track, {static_cast<float>(50 + 100 * body_heights_per_second * time_s), top, 40, 100}};
}

using Steps = std::vector<BehaviourStep>;

void append(Steps& steps, std::span<const BehaviourStep> more) {
  steps.insert(steps.end(), more.begin(), more.end());
}

Steps walk(double seconds, double interval_s, double speed) {
  BehaviourFeatures features;
  Steps steps;
  for (int frame = 0; frame * interval_s < seconds; ++frame) {
    const double time = frame * interval_s;
    append(steps, features.push(from_seconds(time), std::vector{walker(time, speed)}));
  }
  return steps;
}

TEST(BehaviourFeatures, MeasuresAWalkInBodyHeights) {
  const auto step = walk(12.01, 0.04, 0.8).back();
  EXPECT_EQ(step.time, from_seconds(12));
  EXPECT_FALSE(step.first);
  EXPECT_NEAR(value(step, "speed_0.4s"), 0.8, 1e-3);
  EXPECT_NEAR(value(step, "speed_1s"), 0.8, 1e-3);
  EXPECT_NEAR(value(step, "speed_3s"), 0.8, 1e-3);
  EXPECT_NEAR(value(step, "path_speed_3s"), 0.8, 1e-3);
  EXPECT_NEAR(value(step, "straightness_3s"), 2.4 / 2.45, 1e-3);
  EXPECT_NEAR(value(step, "displacement_10s"), 8, 1e-2);
  EXPECT_NEAR(value(step, "velocity_x"), 0.8, 1e-3);
  EXPECT_NEAR(value(step, "velocity_y"), 0, 1e-6);
  EXPECT_NEAR(value(step, "acceleration"), 0, 1e-2);
  EXPECT_NEAR(value(step, "turn"), 0, 1e-3);
  EXPECT_NEAR(value(step, "log_aspect"), std::log(0.4), 1e-6);
  EXPECT_NEAR(value(step, "log_height"), 0, 1e-6);
  EXPECT_NEAR(value(step, "neighbour_distance"), 8, 0);
  EXPECT_NEAR(value(step, "unseen"), 0, 0);
  EXPECT_NEAR(value(step, "age"), 10, 0);
}

TEST(BehaviourFeatures, DoesNotDependOnTheFrameRate) {
  const auto expected = walk(5, 0.2, 1.3);
  for (const double interval : {1 / 30.0, 0.07, 0.31, 0.9}) {
    auto steps = walk(5, interval, 1.3);
    ASSERT_GE(steps.size(), 20U);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      EXPECT_EQ(steps[i].time, expected[i].time);
      for (std::size_t f = 0; f < kBehaviourFeatures.size(); ++f) {
        EXPECT_NEAR(steps[i].values[f], expected[i].values[f], 1e-3) << interval << " " << kBehaviourFeatures[f];
      }
    }
  }
}

TEST(BehaviourFeatures, SeesATurnAndAFall) {
  BehaviourFeatures features;
  Steps steps;
  for (int frame = 0; frame <= 50; ++frame) {
    const double time = frame * 0.1;
    TrackedBox person = walker(std::min(time, 6 - time), 1);  // back from the third second on
    append(steps, features.push(from_seconds(time), std::vector{person}));
  }
  const auto largest = [&](std::string_view name) {
    float result = -100;
    for (const auto& step : steps) result = std::max(result, value(step, name));
    return result;
  };
  EXPECT_NEAR(largest("turn"), 0.6 / 0.8, 0.02);  // half a turn, at 0.6 body heights in 0.6 s
  EXPECT_NEAR(largest("acceleration"), 2 / 0.4, 0.1);
  const std::vector<TrackedBox> lying{{1, {150, 260, 110, 40}}};
  const auto fallen = features.push(from_seconds(5.2), lying);
  ASSERT_EQ(fallen.size(), 1U);
  EXPECT_LT(value(fallen[0], "log_height"), -0.8);
  EXPECT_LT(value(fallen[0], "height_rate_0.4s"), -2);
  EXPECT_GT(value(fallen[0], "log_aspect"), 1);
}

TEST(BehaviourFeatures, HoldsWhoIsMissedAndBeginsAnewAfterASecond) {
  BehaviourFeatures features;
  (void)features.push(from_seconds(0), std::vector{walker(0, 1), walker(0, 0, 2)});
  (void)features.push(from_seconds(1), std::vector{walker(1, 1), walker(1, 0, 2)});
  auto steps = features.push(from_seconds(1.6), std::vector{walker(1, 0, 2)});
  std::vector<std::pair<std::int64_t, float>> unseen;
  for (const auto& step : steps) unseen.emplace_back(step.track, value(step, "unseen"));
  using Pair = std::pair<std::int64_t, float>;
  EXPECT_THAT(unseen, ElementsAre(Pair(1, 0.2F), Pair(2, 0), Pair(1, 0.4F), Pair(2, 0), Pair(1, 0.6F), Pair(2, 0)));

  steps = features.push(from_seconds(1.9), std::vector{walker(1.9, 1), walker(1, 0, 2)});  // seen again in time
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_FALSE(steps[0].first);
  EXPECT_NEAR(value(steps[0], "speed_0.4s"), 0.8 / 0.4, 1e-4);  // from where it was held to where it must have been
  (void)features.push(from_seconds(2.5), std::vector{walker(1, 0, 2)});
  (void)features.push(from_seconds(3.0), std::vector{walker(1, 0, 2)});
  EXPECT_EQ(features.track_count(), 1U);
  steps = features.push(from_seconds(3.2), std::vector{walker(3.2, 1), walker(1, 0, 2)});
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_TRUE(steps[0].first);
  EXPECT_EQ(value(steps[0], "age"), 0);
  EXPECT_EQ(value(steps[0], "speed_1s"), 0);
}

TEST(BehaviourFeatures, BeginsAnewAfterALongSilence) {
  BehaviourFeatures features;
  (void)features.push(from_seconds(0), std::vector{walker(0, 1)});
  const auto steps = features.push(from_seconds(86400), std::vector{walker(0, 1)});
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].time, from_seconds(86400));
  EXPECT_TRUE(steps[0].first);
}

TEST(BehaviourFeatures, KnowsTheNeighbours) {
  BehaviourFeatures features;
  Steps steps;
  for (int frame = 0; frame <= 20; ++frame) {
    const double time = frame * 0.1;
    // Three in a line, 0.5 and 1 body height apart; the first comes nearer; a fourth is far away.
    std::vector<TrackedBox> boxes{walker(time, 0.1, 1), {2, {120, 200, 40, 100}}, {3, {220, 200, 40, 100}}};
    boxes.push_back({4, {5000, 200, 40, 100}});
    append(steps, features.push(from_seconds(time), boxes));
  }
  const std::span<const BehaviourStep> last(steps.end() - 4, steps.end());
  EXPECT_NEAR(value(last[0], "neighbour_distance"), 0.5, 1e-3);
  EXPECT_NEAR(value(last[0], "neighbour_second"), 1.5, 1e-3);
  EXPECT_NEAR(value(last[0], "neighbour_closing"), 0.1, 1e-3);
  EXPECT_NEAR(value(last[0], "neighbour_speed"), 0.1, 1e-3);
  EXPECT_NEAR(value(last[0], "neighbours_aligned"), 1, 1e-5);
  EXPECT_EQ(value(last[0], "neighbours_near"), 2);
  EXPECT_NEAR(value(last[1], "neighbours_aligned"), -1, 1e-5);
  EXPECT_NEAR(value(last[1], "crowd_speed"), 0.05, 1e-3);
  EXPECT_NEAR(value(last[1], "neighbour_closing"), 0.1, 1e-3);
  EXPECT_EQ(value(last[3], "neighbour_distance"), 8);
  EXPECT_EQ(value(last[3], "neighbour_speed"), 0);
  EXPECT_EQ(value(last[3], "neighbours_near"), 0);
}

TEST(BehaviourFeatures, PassesOverBoxesThatAreNone) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  BehaviourFeatures features;
  const std::vector<TrackedBox> boxes{{1, {0, 0, 0, 10}},      {2, {0, 0, 10, -1}},
                                      {3, {kNone, 0, 10, 10}}, {4, {0, 0, std::numeric_limits<float>::infinity(), 10}},
                                      {5, {0, 0, 10, 10}},     {5, {500, 0, 10, 10}}};
  const auto steps = features.push(from_seconds(1), boxes);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].track, 5);
  EXPECT_EQ(value(steps[0], "neighbour_distance"), 8);
}

TEST(BehaviourFeatures, PassesOverFramesThatComeTooLate) {
  BehaviourFeatures features;
  EXPECT_EQ(features.push(from_seconds(1), std::vector{walker(0, 1)}).size(), 1U);
  EXPECT_THAT(features.push(from_seconds(1), std::vector{walker(0, 1)}), IsEmpty());
  EXPECT_THAT(features.push(from_seconds(0.5), std::vector{walker(0, 1)}), IsEmpty());
  EXPECT_EQ(features.push(from_seconds(1.2), std::vector{walker(0, 1)}).size(), 1U);
}

}  // namespace
}  // namespace ocelli::infer
