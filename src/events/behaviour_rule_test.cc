#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/explain.h"
#include "events/rules.h"
#include "infer/behaviour_network.h"

namespace ocelli::events {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr double kMetre = 60;  // pixels
constexpr double kTall = 1.7 * kMetre;
constexpr double kWalk = 1.3 * kMetre;  // pixels a second
constexpr double kRun = 4 * kMetre;

/// Somebody in the picture, as a tracker would tell.
struct Actor {
  track::Track track;
  std::string label = "person";
  double x = 100;  // of the feet
  double y = 700;
  double tall = kTall;
  double wide = 0.36 * kTall;
  double stride = 0;  // phase of the arms and legs, which the width of the box follows

  explicit Actor(std::uint64_t id) {
    track.id = id;
    track.state = track::TrackState::confirmed;
    track.score = 0.8F;
    track.quality = 0.7F;
  }

  void go(double pixels_a_second, double seconds) {
    x += pixels_a_second * seconds;
    const double metres_a_second = std::abs(pixels_a_second) / kMetre;
    stride += seconds * 2 * 3.14 * std::min(0.4 + 0.55 * metres_a_second, 2.5);
    wide = 0.36 * kTall * (1 + 0.5 * std::min(0.25 * metres_a_second, 0.5) * std::sin(stride));
  }
  /// 0: upright … 1: on the ground.
  void lie(double share) {
    tall = kTall * (1 - 0.7 * share);
    wide = kTall * (0.36 + 0.64 * share);
  }

  track::Track seen(float scale) {
    track.box = {static_cast<float>(x - wide / 2) * scale, static_cast<float>(y - tall) * scale,
                 static_cast<float>(wide) * scale, static_cast<float>(tall) * scale};
    return track;
  }
};

/// A camera with one person in front of it.
class BehaviourRuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto network = infer::load_behaviour_network();
    ASSERT_TRUE(network) << network.error().message();
    config_.behaviour.network = *network;
    config_.behaviour.classes = {{.name = "run"}, {.name = "agitation"}, {.name = "collapse"}};
  }

  /// Plays frames, calls `move` with the time since the last one before each.
  void play(double seconds, const std::function<void(double)>& move) {
    if (!rules_) rules_.emplace("gate", config_, std::vector<std::string>{"person", "dog"});
    const auto frames = static_cast<int>(std::lround(seconds * rate_));
    for (int i = 0; i < frames; ++i) {
      move(1 / rate_);
      actor_.track.class_id = actor_.label == "person" ? 0 : 1;
      std::vector<track::Track> tracks;
      if (is_seen_) tracks.push_back(actor_.seen(scale_));
      take(rules_->update(next_frame(), tracks, ended_));
      ended_.clear();
    }
  }
  void walk(double seconds) {
    play(seconds, [this](double passed) { actor_.go(kWalk, passed); });
  }
  void run(double seconds) {
    play(seconds, [this](double passed) { actor_.go(kRun, passed); });
  }
  void fall(double seconds) {
    double share = 0;
    play(seconds, [&](double passed) { actor_.lie(share = std::min(share + passed / 0.8, 1.0)); });
  }
  void finish() { take(rules_->finish(frame_, {{actor_.track}})); }

  media::FrameInfo next_frame() {
    frame_.width = static_cast<int>(1920 * scale_);
    frame_.height = static_cast<int>(1080 * scale_);
    frame_.time = frame_.time + std::chrono::nanoseconds(std::llround(1e9 / rate_));
    ++frame_.sequence;
    return frame_;
  }

  void take(Rules::Judgement judgement) {
    for (auto& event : judgement.events) {
      if (event.type == EventType::behaviour_began || event.type == EventType::behaviour_ended) {
        events_.push_back(std::move(event));
      }
    }
    for (auto& miss : judgement.near_misses) near_misses_.push_back(std::move(miss));
  }

  std::vector<std::string> told() const {
    std::vector<std::string> told;
    for (const auto& event : events_) {
      told.push_back(std::string(event_type_name(event.type)) + " " + event.rule);
    }
    return told;
  }
  double now_s() const { return media::to_seconds(frame_.time); }

  RulesConfig config_;
  std::optional<Rules> rules_;
  Actor actor_{7};
  bool is_seen_ = true;
  double rate_ = 25;
  float scale_ = 1;
  media::FrameInfo frame_;
  std::vector<track::Track> ended_;  // with the next frame
  std::vector<Event> events_;
  std::vector<NearMiss> near_misses_;
};

TEST_F(BehaviourRuleTest, SaysNothingOfWhoWalks) {
  walk(20);
  finish();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(near_misses_, IsEmpty());
}

TEST_F(BehaviourRuleTest, TellsOnceWhoRunsAndWhenHeWalksAgain) {
  walk(4);
  const double began = now_s();
  run(6);
  ASSERT_THAT(told(), ElementsAre("behaviour_began run"));
  const Event& event = events_.front();
  EXPECT_LT(media::to_seconds(event.time) - began, 5);
  EXPECT_GE(media::to_seconds(*event.since), began);
  EXPECT_NEAR(media::to_seconds(event.time) - media::to_seconds(*event.since), 2, 0.05);
  EXPECT_EQ(event.track_id, 7U);
  EXPECT_EQ(event.label, "person");
  for (const auto& gate : event.gates) EXPECT_TRUE(gate.passed) << gate.name;
  EXPECT_THAT(fired_words(event.gates), StartsWith("fired: 0."));

  walk(8);
  ASSERT_THAT(told(), ElementsAre("behaviour_began run", "behaviour_ended run"));
  const auto& gates = events_.back().gates;
  ASSERT_THAT(gates, SizeIs(2));
  EXPECT_EQ(gates[0].name, "score");
  EXPECT_EQ(gates[0].need, Need::at_most);
  EXPECT_EQ(gates[1].name, "held_s");
}

TEST_F(BehaviourRuleTest, TellsWhoFalls) {
  walk(5);
  const double began = now_s();
  fall(10);
  ASSERT_THAT(told(), ElementsAre("behaviour_began collapse"));
  EXPECT_LT(media::to_seconds(events_.front().time) - began, 6);
}

TEST_F(BehaviourRuleTest, EndsWithTheTrack) {
  walk(3);
  run(6);
  finish();
  ASSERT_THAT(told(), ElementsAre("behaviour_began run", "behaviour_ended run"));
  ASSERT_THAT(events_.back().gates, SizeIs(1));
  EXPECT_EQ(events_.back().gates.front().name, "track_ended");
}

TEST_F(BehaviourRuleTest, TellsThatSomebodyNearlyRan) {
  config_.behaviour.classes = {{.name = "run", .hold = std::chrono::milliseconds{6'000}}};
  walk(4);
  run(6);
  walk(6);
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_THAT(near_misses_, SizeIs(1));
  const Event& miss = near_misses_.front().would_be;
  EXPECT_EQ(miss.type, EventType::behaviour_began);
  EXPECT_EQ(miss.rule, "run");
  ASSERT_GE(miss.gates.size(), 2U);
  EXPECT_EQ(miss.gates[1].name, "held_s");
  EXPECT_FALSE(miss.gates[1].passed);
  EXPECT_GE(miss.gates[1].value, 3);
}

TEST_F(BehaviourRuleTest, TellsWhatWasHalfSaidForLong) {
  config_.behaviour.classes = {{.name = "run", .score = 1}};
  walk(4);
  run(6);
  walk(6);
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_THAT(near_misses_, SizeIs(1));
  const Gate& score = near_misses_.front().would_be.gates.front();
  EXPECT_EQ(score.name, "score");
  EXPECT_GT(score.value, 0.7);
  EXPECT_FALSE(score.passed);
}

TEST_F(BehaviourRuleTest, BelievesNoTrackOfLittleQuality) {
  actor_.track.quality = 0.2F;
  walk(4);
  run(6);
  walk(6);
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_THAT(near_misses_, SizeIs(1));
  EXPECT_THAT(near_miss_words(near_misses_.front().would_be.gates),
              ::testing::HasSubstr("but 0.2 track quality (need 0.3)"));
}

TEST_F(BehaviourRuleTest, BelievesNobodyWhoIsTooSmall) {
  scale_ = 15 / static_cast<float>(kTall);
  walk(4);
  run(6);
  walk(6);
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_THAT(near_misses_, SizeIs(1));
  EXPECT_EQ(near_misses_.front().would_be.gates.back().name, "height_px");
}

TEST_F(BehaviourRuleTest, BelievesNothingThatItSeesTooSeldom) {
  rate_ = 1.25;
  walk(6);
  run(9);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(BehaviourRuleTest, LooksAtPeopleOnly) {
  actor_.label = "dog";
  walk(4);
  run(6);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(BehaviourRuleTest, FollowsWhoGetsAnotherNumber) {
  walk(3);
  run(1.5);
  ended_ = {actor_.seen(scale_)};
  actor_.track.id = 8;
  actor_.track.velocity_px_s = {static_cast<float>(kRun), 0};
  actor_.track.first_seen = frame_.time + std::chrono::milliseconds(40);
  run(4.5);
  finish();
  ASSERT_THAT(told(), ElementsAre("behaviour_began run", "behaviour_ended run"));
  EXPECT_EQ(events_.front().track_id, 8U);
}

TEST_F(BehaviourRuleTest, TakesNoChangeOfTheResolutionForAnything) {
  config_.behaviour.classes = {
      {.name = "run", .hold = {}}, {.name = "agitation", .hold = {}}, {.name = "collapse", .hold = {}}};
  walk(6);
  scale_ = 0.5F;
  walk(6);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(near_misses_, IsEmpty());
}

TEST_F(BehaviourRuleTest, BeginsAnewWithWhoWasOutOfSight) {
  walk(3);
  run(2);
  is_seen_ = false;
  play(1.5, [](double) {});
  is_seen_ = true;
  const double back = now_s();
  run(5);
  ASSERT_THAT(told(), ElementsAre("behaviour_began run"));
  EXPECT_GE(media::to_seconds(*events_.front().since), back);
}

}  // namespace
}  // namespace ocelli::events
