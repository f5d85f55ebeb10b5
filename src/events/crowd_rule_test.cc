#include "events/crowd_rule.h"

#include <array>
#include <chrono>

#include <gtest/gtest.h>

#include "events/event_json.h"
#include "events/testing/crowd_score.h"

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;

/// People at these places, in pixels, at 25 frames a second.
class CrowdRuleTest : public ::testing::Test {
 protected:
  void show(const std::vector<float>& places, milliseconds duration, int class_id = 0) {
    for (const auto end = info_.time + duration; info_.time < end;) {
      info_.time += milliseconds{40};
      ++info_.sequence;
      std::vector<track::Track> tracks;
      for (std::size_t i = 0; i < places.size(); ++i) {
        track::Track& track = tracks.emplace_back();
        track.id = i + 1;
        track.state = track::TrackState::confirmed;
        track.class_id = class_id;
        track.score = 0.5F;
        track.box = {places[i] - 20, 300, 40, 100};
      }
      auto judgement = rule_.update(info_, tracks);
      for (auto& event : judgement.events) events_.push_back(event);
      for (auto& miss : judgement.near_misses) near_misses_.push_back(miss);
    }
  }
  void SetUp() override {
    info_.width = 1280;
    info_.height = 720;
  }

  CrowdRule rule_{CrowdConfig{}, {"person", "car"}};
  media::FrameInfo info_;
  std::vector<Event> events_;
  std::vector<NearMiss> near_misses_;
};

TEST_F(CrowdRuleTest, ThreeWhoStandTogetherGatherAndLoiterWithTheirEvidence) {
  show({500, 545, 590, 1000}, milliseconds{20'000});
  ASSERT_EQ(events_.size(), 2U);
  const Event& gathering = events_[0];
  EXPECT_EQ(gathering.type, EventType::crowd_gathering);
  EXPECT_EQ(gathering.rule, "crowd");
  EXPECT_EQ(gathering.crowd, 1U);
  EXPECT_EQ(gathering.members, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(gathering.label, "person");
  EXPECT_EQ(gathering.box, (vision::PixelBox{480, 300, 130, 100}));
  EXPECT_EQ(events_[1].type, EventType::crowd_loitering);
  EXPECT_NEAR(std::chrono::duration<double>(events_[1].time - gathering.time).count(), 10, 0.1);
  const std::string json = to_cloud_event(gathering);
  EXPECT_NE(json.find(R"("subject":"crowd/1")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("crowd":1,"related_crowds":[])"), std::string::npos) << json;
}

TEST_F(CrowdRuleTest, TellsTheEnd) {
  show({500, 545, 590}, milliseconds{8'000});
  show({500, 545}, milliseconds{8'000});
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].type, EventType::crowd_ended);
  EXPECT_EQ(events_[1].crowd, 1U);
}

TEST_F(CrowdRuleTest, OtherClassesDoNotCount) {
  show({500, 545, 590}, milliseconds{8'000}, 1);
  EXPECT_TRUE(events_.empty());
}

TEST_F(CrowdRuleTest, NearMissesAreTellingAndFew) {
  for (int i = 0; i < 10; ++i) {
    show({500, 545, 590}, milliseconds{4'500});
    show({}, milliseconds{6'000});
  }
  EXPECT_TRUE(events_.empty());
  ASSERT_GE(near_misses_.size(), 2U);
  EXPECT_LE(near_misses_.size(), 105 / 10 + 1U) << "no more than one in ten seconds";
  EXPECT_EQ(near_misses_[0].would_be.type, EventType::crowd_gathering);
  EXPECT_FALSE(near_misses_[0].would_be.gates.back().passed);
}

// A short form of bench/crowd_bench, over each kind of scene. The bounds lie below what the bench reports, since few
// scenes scatter; a rule that loses people or metres falls far below them.
TEST(CrowdRule, AgreesWithItsDefinitionUnderNoise) {
  testing::CrowdScores sum;
  for (int i = 0; i < 3 * testing::kSceneKinds; ++i) {
    const auto scene = testing::simulate_scene(static_cast<testing::SceneKind>(i % testing::kSceneKinds), 500 + i);
    const auto calibration = testing::kCalibrations[i / testing::kSceneKinds];
    const auto scores = testing::score_scene(scene, calibration, testing::CrowdInput::tracks, 500 + i);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += scores[k];
  }
  const std::array<double, 4> least{0.75, 0.65, 0.85, 0.85};
  for (std::size_t k = 0; k < sum.size(); ++k) {
    EXPECT_GT(sum[k].truths, 5) << event_type_name(testing::kCrowdTransitions[k]);
    EXPECT_GE(sum[k].precision(), least[k]) << event_type_name(testing::kCrowdTransitions[k]);
    EXPECT_GE(sum[k].recall(), least[k]) << event_type_name(testing::kCrowdTransitions[k]);
  }
}

TEST(CrowdRule, GivesTheSameEventsForTheSameInput) {
  const auto scene = testing::simulate_scene(testing::SceneKind::two_crowds, 5);
  std::array<std::string, 2> told;
  for (auto& text : told) {
    CrowdRule rule(testing::config_for(scene.camera, testing::Calibration::nothing), {"person"});
    testing::NoisyView view({}, 5);
    media::FrameInfo info;
    info.width = scene.camera.width;
    info.height = scene.camera.height;
    for (const auto& frame : scene.frames) {
      info.time = frame.time;
      for (const auto& event : rule.update(info, view.tracks(frame)).events) text += to_cloud_event(event) + "\n";
    }
  }
  EXPECT_FALSE(told[0].empty());
  EXPECT_EQ(told[0], told[1]);
}

}  // namespace
}  // namespace ocelli::events
