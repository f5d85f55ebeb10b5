#include "track/looks.h"

#include <chrono>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using infer::Detection;
using infer::Embedding;
using testing::ElementsAre;

const Embedding kRed{{1, 0}};
const Embedding kBlue{{0, 1}};

media::MediaTime at(int ms) {
  return media::MediaTime(std::chrono::milliseconds{ms});
}

Detection seen(float left) {
  return {{left, 100, 40, 100}, 0.9F, 0};
}

/// Tells of everybody left of 100 that they are red, and nothing of the others.
class RedOnTheLeft final : public AppearanceSource {
 public:
  bool tells_apart(int class_id) const override { return class_id == 0; }
  std::vector<Embedding> look(std::span<const Detection> detections) override {
    std::vector<Embedding> looks;
    for (const auto& detection : detections) {
      asked.push_back(detection.box.left);
      looks.push_back(detection.box.left < 100 ? kRed : Embedding{});
    }
    return looks;
  }
  std::vector<float> asked;
};

TEST(FrameLooks, AsksOnceForEachDetection) {
  RedOnTheLeft source;
  FrameLooks looks(&source);
  looks.ask(std::vector{seen(0), seen(0), seen(200)});
  looks.ask(std::vector{seen(200), seen(50)});
  EXPECT_THAT(source.asked, ElementsAre(0, 200, 50));
  EXPECT_TRUE(looks.was_asked(seen(200)));
  EXPECT_FALSE(looks.was_asked(seen(201)));
}

TEST(FrameLooks, KnowsNothingWhereNobodyCouldTellOrBeAsked) {
  RedOnTheLeft source;
  FrameLooks looks(&source);
  looks.ask(std::vector{seen(0), seen(200)});
  ASSERT_NE(looks.of(seen(0)), nullptr);
  EXPECT_EQ(looks.of(seen(0))->values, kRed.values);
  EXPECT_EQ(looks.of(seen(200)), nullptr);
  EXPECT_EQ(looks.of(seen(50)), nullptr);
  EXPECT_TRUE(looks.can_ask_about(0));
  EXPECT_FALSE(looks.can_ask_about(1));
  FrameLooks nobody;
  EXPECT_FALSE(nobody.can_ask_about(0));
  nobody.ask(std::vector{seen(0)});
  EXPECT_FALSE(nobody.can_ask());
  EXPECT_EQ(nobody.of(seen(0)), nullptr);
}

TEST(Looks, ResembleWhatTheyWereShownAndMostWhatWasShownLast) {
  Looks looks;
  EXPECT_FALSE(looks.known());
  EXPECT_FALSE(looks.taken());
  EXPECT_EQ(looks.likeness(kRed), 0);
  looks.take(kRed, at(0));
  EXPECT_FLOAT_EQ(looks.likeness(kRed), 1);
  for (int i = 1; i <= 10; ++i) looks.take(kBlue, at(i));
  EXPECT_EQ(looks.taken(), at(10));
  EXPECT_GT(looks.likeness(kBlue), 0.99F);
  EXPECT_LT(looks.likeness(kRed), 0.1F);
  EXPECT_GT(looks.likeness(kRed), 0);
}

TEST(Looks, OneOtherLookDoesNotMakeAnotherPerson) {
  Looks looks;
  looks.take(kRed, at(0));
  looks.take(kBlue, at(1));
  EXPECT_GT(looks.likeness(kRed), looks.likeness(kBlue));
}

TEST(Looks, BeginAnewWhereNothingCanBeCompared) {
  Looks looks;
  looks.take(kRed, at(0));
  looks.take({{0, 0, 1}}, at(1));
  EXPECT_FLOAT_EQ(looks.likeness({{0, 0, 1}}), 1);
  EXPECT_EQ(looks.likeness(kRed), 0) << "of another length";
}

TEST(Looks, SurviveOpposites) {
  Looks looks;
  looks.take({{1, 0}}, at(0));
  for (int i = 1; i < 20; ++i) {
    looks.take({{i % 2 == 0 ? 1.F : -1.F, 0}}, at(i));
    EXPECT_NEAR(std::abs(looks.likeness(kRed)), 1, 1e-5);
  }
}

}  // namespace
}  // namespace ocelli::track
