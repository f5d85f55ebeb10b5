#include "eval/score.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "eval/testing/scene.h"

namespace ocelli::eval {
namespace {

using testing::Scene;

constexpr double kExact = 1e-12;

TEST(Score, OfAPerfectTrackerIsOne) {
  const auto score = Scene().truth(1, 1, 10, 0).truth(2, 3, 8, 1).result(7, 1, 10, 0).result(3, 3, 8, 1).score();
  EXPECT_NEAR(score.hota.hota(), 1, kExact);
  EXPECT_NEAR(score.hota.detection(), 1, kExact);
  EXPECT_NEAR(score.hota.association_accuracy(), 1, kExact);
  EXPECT_EQ(score.clear.mota(), 1);
  EXPECT_EQ(score.clear.switches + score.clear.surplus + score.clear.missed, 0);
  EXPECT_EQ(score.identity.idf1(), 1);
}

TEST(Score, OfATrackerThatMissesAllIsZero) {
  const auto score = Scene().truth(1, 1, 10, 0).score();
  EXPECT_EQ(score.hota.hota(), 0);
  EXPECT_EQ(score.clear.mota(), 0);
  EXPECT_EQ(score.clear.missed, 10);
  EXPECT_EQ(score.identity.idf1(), 0);
}

TEST(Score, OfWhatIsNotThereIsZero) {
  const auto score = Scene().result(1, 1, 10, 0).score();
  EXPECT_EQ(score.hota.hota(), 0);
  EXPECT_EQ(score.clear.surplus, 10);
  EXPECT_EQ(score.clear.mota(), 0) << "a share of true boxes, of which there is none";
  EXPECT_EQ(score.identity.idf1(), 0);
  EXPECT_EQ(Scene().score().hota.hota(), 0);
}

TEST(Score, OfOneSwitchInTheMiddle) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 5, 0).result(2, 6, 10, 0).score();
  EXPECT_NEAR(score.hota.detection(), 1, kExact);
  EXPECT_NEAR(score.hota.association_accuracy(), 0.5, kExact) << "5 boxes shared of the 10 that either has";
  EXPECT_NEAR(score.hota.hota(), std::sqrt(0.5), kExact);
  EXPECT_EQ(score.clear.switches, 1);
  EXPECT_NEAR(score.clear.mota(), 0.9, kExact);
  EXPECT_NEAR(score.identity.idf1(), 0.5, kExact);
}

TEST(Score, OfAGapWithoutASwitch) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 4, 0).result(1, 7, 10, 0).score();
  EXPECT_NEAR(score.hota.detection(), 0.8, kExact);
  EXPECT_NEAR(score.hota.association_accuracy(), 0.8, kExact);
  EXPECT_EQ(score.clear.switches, 0);
  EXPECT_EQ(score.clear.missed, 2);
  EXPECT_NEAR(score.identity.idf1(), 8.0 / 9, kExact);
}

TEST(Score, OfASplitInThree) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 2, 0).result(2, 3, 8, 0).result(1, 9, 10, 0).score();
  EXPECT_EQ(score.clear.switches, 2);
  EXPECT_NEAR(score.hota.association_accuracy(), (4.0 * 4 / 10 + 6.0 * 6 / 10) / 10, kExact);
  EXPECT_NEAR(score.identity.idf1(), 0.6, kExact);
}

TEST(Score, OfTwoObjectsThatShareAnIdentity) {
  const auto score = Scene().truth(1, 1, 5, 0).truth(2, 6, 10, 1).result(1, 1, 5, 0).result(1, 6, 10, 1).score();
  EXPECT_EQ(score.clear.switches, 0) << "each true object had but one identity";
  EXPECT_NEAR(score.hota.association_accuracy(), 0.5, kExact);
  EXPECT_NEAR(score.identity.idf1(), 0.5, kExact);
}

TEST(Score, CountsHowWellBoxesLie) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0, 0.72).score();
  EXPECT_NEAR(score.hota.detection(), 14.0 / 19, kExact) << "thresholds .05 to .70";
  EXPECT_EQ(score.clear.mota(), 1);
}

TEST(Score, TakesExactlyOneHalfForAMatch) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0, 0.5).score();
  EXPECT_NEAR(score.hota.detection(), 10.0 / 19, kExact);
  EXPECT_EQ(score.clear.matched, 10);
  EXPECT_EQ(score.identity.matched, 10);
  EXPECT_EQ(Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0, 0.499).score().clear.matched, 0);
}

TEST(Clear, StaysWithAnIdentityWhileItOverlaps) {
  const auto score = Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0, 0.6).result(2, 3, 10, 0, 0.9).score();
  EXPECT_EQ(score.clear.switches, 0);
  EXPECT_EQ(score.clear.surplus, 8);
}

TEST(Clear, StaysWithAnIdentityAcrossFramesWithoutAnyResult) {
  auto scene = Scene().truth(1, 1, 10, 0).result(1, 1, 4, 0, 0.6).result(1, 7, 10, 0, 0.6).result(2, 7, 10, 0, 0.9);
  EXPECT_EQ(scene.score().clear.switches, 0);
  // With a result elsewhere in the frames between, the identity is not the one before any more.
  EXPECT_EQ(scene.result(3, 5, 6, 4).score().clear.switches, 1);
}

TEST(Clear, SeesASwitchAfterALongGap) {
  EXPECT_EQ(Scene().truth(1, 1, 10, 0).result(1, 1, 2, 0).result(2, 9, 10, 0).score().clear.switches, 1);
}

TEST(Score, OfSequencesAddsUp) {
  Score total = Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0).score();
  total += Scene().truth(1, 1, 10, 0).result(1, 1, 5, 0).result(2, 6, 10, 0).score();
  EXPECT_NEAR(total.hota.association_accuracy(), 0.75, kExact) << "weighted by matches";
  EXPECT_NEAR(total.clear.mota(), 19.0 / 20, kExact);
  EXPECT_NEAR(total.identity.idf1(), 15.0 / 20, kExact);
  EXPECT_EQ(total.hota.truths, 20);
}

/// People who walk, and a tracker that is often wrong.
Scene random_scene(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](int bound) { return std::uniform_int_distribution(0, bound - 1)(random); };
  Scene scene;
  scene.frames = 30;
  std::map<int, int> identity;
  int last_identity = 0;
  for (int frame = 1; frame <= scene.frames; ++frame) {
    for (int person = 0; person < 6; ++person) {
      const Box box{40.0 * person + 2 * frame * (person % 3), 10.0 * (person % 2), 50, 100};
      if (below(10) > 0) scene.truths.push_back({frame, person, box, true, 1});
      if (identity[person] == 0 || below(12) == 0) identity[person] = ++last_identity;
      if (below(6) == 0) continue;
      // Never a whole number: two matchings of exactly equal overlap would be equally right, and score differently.
      const double off = std::uniform_real_distribution(0.0, 30.0)(random);
      scene.results.push_back({frame, identity[person], {box.left + off, box.top - off / 2, 50 + off, 100}, 1});
    }
  }
  return scene;
}

void check_same(const Score& a, const Score& b) {
  RC_ASSERT(std::abs(a.hota.hota() - b.hota.hota()) < kExact);
  RC_ASSERT(std::abs(a.hota.association_accuracy() - b.hota.association_accuracy()) < kExact);
  RC_ASSERT(a.clear.matched == b.clear.matched);
  RC_ASSERT(a.clear.switches == b.clear.switches);
  RC_ASSERT(a.identity.matched == b.identity.matched);
}

RC_GTEST_PROP(Score, DoesNotDependOnTheNumbersOfIdentities, (unsigned seed)) {
  auto scene = random_scene(seed);
  const auto score = scene.score();
  std::vector<std::int64_t> numbers(1'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(seed + 1));
  for (auto& row : scene.results) row.id = numbers[static_cast<std::size_t>(row.id)];
  for (auto& row : scene.truths) row.id = numbers[static_cast<std::size_t>(row.id)];
  check_same(scene.score(), score);
}

RC_GTEST_PROP(Score, DoesNotDependOnTheOrderOfRows, (unsigned seed)) {
  auto scene = random_scene(seed);
  const auto score = scene.score();
  std::shuffle(scene.results.begin(), scene.results.end(), std::mt19937(seed + 1));
  std::shuffle(scene.truths.begin(), scene.truths.end(), std::mt19937(seed + 2));
  check_same(scene.score(), score);
}

RC_GTEST_PROP(Score, OfTheTruthItselfIsOne, (unsigned seed)) {
  auto scene = random_scene(seed);
  scene.results.clear();
  for (const auto& row : scene.truths) scene.results.push_back({row.frame, row.id + 500, row.box, 1});
  const auto score = scene.score();
  RC_ASSERT(std::abs(score.hota.hota() - 1) < kExact);
  RC_ASSERT(score.clear.mota() == 1);
  RC_ASSERT(score.identity.idf1() == 1);
}

RC_GTEST_PROP(Score, StaysWithinItsBounds, (unsigned seed)) {
  const auto score = random_scene(seed).score();
  for (const double share :
       {score.hota.hota(), score.hota.detection(), score.hota.association_accuracy(), score.identity.idf1()}) {
    RC_ASSERT(share > 0 && share < 1);
  }
  RC_ASSERT(score.clear.mota() <= 1);
  RC_ASSERT(score.clear.matched + score.clear.missed == score.hota.truths);
  RC_ASSERT(score.clear.matched + score.clear.surplus == score.hota.results);
}

}  // namespace
}  // namespace ocelli::eval
