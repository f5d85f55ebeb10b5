#include "track/likeness.h"

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using std::chrono::milliseconds;

infer::Detection person(float left, float score = 0.9F) {
  return {{left, 100, 40, 100}, score, 0};
}

/// Walked from 80 to 100, with falling score.
Target walker() {
  Target target(person(80, 0.9F), media::MediaTime(milliseconds{0}));
  target.predict(0.1);
  target.see(person(100, 0.8F), media::MediaTime(milliseconds{100}), 1);
  return target;
}

float gain(const Likeness& likeness, const infer::Detection& detection) {
  return likeness.gain(walker(), {100, 100, 40, 100}, detection);
}

TEST(Likeness, IsNothingBelowTheGate) {
  EXPECT_EQ(gain({.min_overlap = 0.5F}, person(120)), 0);
  EXPECT_EQ(gain({.min_overlap = 0.5F}, person(300)), 0);
  EXPECT_GT(gain({.min_overlap = 0.5F}, person(104)), 0);
}

TEST(Likeness, WeighsOverlapByScoreOrNot) {
  EXPECT_EQ(gain({.min_overlap = 0.5F}, person(100, 0.4F)), 0);
  EXPECT_NEAR(gain({.min_overlap = 0.5F, .score_use = ScoreUse::ignored}, person(100, 0.4F)), 0.5, 1e-4);
}

TEST(Likeness, PrefersWhatGoesStraightOn) {
  const Likeness plain;
  const Likeness directed{.direction_weight = 0.2F};
  EXPECT_NEAR(gain(plain, person(110)), gain(plain, person(90)), 1e-4);
  EXPECT_GT(gain(directed, person(110)), gain(plain, person(110)));
  EXPECT_GT(gain(directed, person(110)), gain(directed, person(70)));
}

TEST(Likeness, PrefersTheScoreThatWasExpected) {
  const Likeness expected{.score_use = ScoreUse::ignored, .score_change_weight = 0.5F};
  EXPECT_GT(gain(expected, person(100, 0.7F)), gain(expected, person(100, 0.8F)));
  const Likeness last{.score_use = ScoreUse::ignored, .score_guess = ScoreGuess::last, .score_change_weight = 0.5F};
  EXPECT_GT(gain(last, person(100, 0.8F)), gain(last, person(100, 0.7F)));
}

TEST(Likeness, CuesNeverCloseTheGate) {
  const Likeness strict{.min_overlap = 0.1F, .direction_weight = 5, .score_change_weight = 5};
  EXPECT_GT(gain(strict, person(80, 0.3F)), 0);
}

TEST(Likeness, LooksWeighButForbidNothing) {
  const Likeness likeness{.looks_weight = 0.5F};
  EXPECT_NEAR(likeness.gain_with_looks(0.3, 0.2F), 0.4, 1e-6);
  EXPECT_NEAR(likeness.gain_with_looks(0.3, -0.2F), 0.2, 1e-6);
  EXPECT_GT(likeness.gain_with_looks(0.3, -1), 0) << "the gate has let it through";
}

}  // namespace
}  // namespace ocelli::track
