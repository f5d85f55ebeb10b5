#include "eval/pairing.h"

#include <gtest/gtest.h>

#include "eval/testing/scene.h"

namespace ocelli::eval {
namespace {

using testing::Scene;

constexpr int kDistractor = 8;
constexpr int kCar = 3;

TEST(PairUp, ComparesTheBoxesOfEachFrame) {
  const auto paired = Scene().truth(40, 1, 3, 0).truth(41, 2, 2, 1).result(9, 2, 3, 0, 0.5).paired();
  ASSERT_EQ(paired.frames.size(), 10U);
  EXPECT_EQ(paired.truth_count, 2);
  EXPECT_EQ(paired.result_count, 1);
  EXPECT_EQ(paired.pair_count, 1);
  EXPECT_TRUE(paired.frames[0].overlaps.empty());
  ASSERT_EQ(paired.frames[1].overlaps.size(), 1U);
  EXPECT_EQ(paired.frames[1].overlaps[0].iou, 0.5);
  EXPECT_EQ(paired.frames[1].truths.size(), 2U);
}

TEST(PairUp, LeavesOutTruthThatDoesNotCount) {
  const auto score = Scene().truth(1, 1, 10, 0).truth(2, 1, 10, 1, 1, false).result(1, 1, 10, 0).score();
  EXPECT_EQ(score.clear.mota(), 1);
}

TEST(PairUp, ForgivesResultsOnDistractorsUnderMot17Only) {
  const auto scene =
      Scene().truth(1, 1, 10, 0).truth(2, 1, 10, 1, kDistractor, false).result(1, 1, 10, 0).result(2, 1, 10, 1);
  EXPECT_EQ(scene.score(Protocol::mot17).clear.mota(), 1);
  EXPECT_EQ(scene.score(Protocol::mot15).clear.surplus, 10);
  EXPECT_EQ(scene.score(Protocol::dance).clear.surplus, 10);
}

TEST(PairUp, DoesNotForgiveResultsOnOtherClasses) {
  const auto score = Scene().truth(1, 1, 10, 0, kCar, false).result(1, 1, 10, 0).score(Protocol::mot17);
  EXPECT_EQ(score.clear.surplus, 10);
  EXPECT_EQ(score.clear.missed, 0);
}

TEST(PairUp, GivesAResultToThePedestrianWhoOverlapsItMore) {
  // One result; a pedestrian where it is, and a distractor that overlaps it by half.
  auto scene = Scene().truth(1, 1, 10, 0).result(1, 1, 10, 0);
  Box beside = Scene::lane(0);
  beside.width /= 2;
  for (int frame = 1; frame <= 10; ++frame) scene.truths.push_back({frame, 2, beside, false, kDistractor});
  EXPECT_EQ(scene.score(Protocol::mot17).clear.mota(), 1);
}

TEST(PairUp, DoesNotForgiveResultsFarFromTheDistractor) {
  const auto score = Scene().truth(2, 1, 10, 1, kDistractor, false).result(2, 1, 10, 1, 0.45).score(Protocol::mot17);
  EXPECT_EQ(score.clear.surplus, 10);
}

TEST(Protocols, AreToldFromTheClassColumn) {
  const auto of_classes = [](std::vector<int> classes) {
    std::vector<Sequence> sequences(1);
    for (const int class_id : classes) sequences[0].truth.push_back({1, 1, {}, true, class_id});
    return protocol_of(sequences);
  };
  EXPECT_EQ(of_classes({1, 1}), Protocol::dance);
  EXPECT_EQ(of_classes({1, 7, 12}), Protocol::mot17);
  EXPECT_EQ(of_classes({0, 0}), Protocol::mot15);
  EXPECT_EQ(of_classes({1, 0}), Protocol::mot15);
}

TEST(Protocols, Mot17NeedsClasses) {
  std::vector<Sequence> sequences(1);
  sequences[0].name = "A";
  sequences[0].truth.push_back({1, 1, {}, true, 0});
  EXPECT_FALSE(check_protocol(Protocol::mot17, sequences));
  EXPECT_TRUE(check_protocol(Protocol::dance, sequences));
}

TEST(Protocols, LeaveOutSmallAndFlatBoxes) {
  EXPECT_TRUE(left_out(Protocol::mot17, {0, 0, 10, 10}));
  EXPECT_TRUE(left_out(Protocol::dance, {0, 0, 170, 100}));
  EXPECT_FALSE(left_out(Protocol::dance, {0, 0, 160, 100}));
  EXPECT_FALSE(left_out(Protocol::mot15, {0, 0, 170, 10}));
}

TEST(Protocols, HaveNames) {
  for (const auto protocol : {Protocol::mot15, Protocol::mot17, Protocol::dance}) {
    EXPECT_EQ(*protocol_of(protocol_name(protocol)), protocol);
  }
  EXPECT_FALSE(protocol_of("mot99"));
}

}  // namespace
}  // namespace ocelli::eval
