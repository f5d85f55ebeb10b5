#include "events/crowd_ruler.h"

#include <gtest/gtest.h>

#include "events/testing/crowd_simulator.h"

namespace ocelli::events {
namespace {

using testing::SceneKind;

/// How far `place` is from where the ruler sees `from` and `to`, as a share of the true distance.
double error_of(const CrowdRuler& ruler, const testing::TruePerson& from, const testing::TruePerson& to,
                PictureSize picture) {
  const auto a = ruler.to_ground(anchor_of(from.box, picture), picture);
  const auto b = ruler.to_ground(anchor_of(to.box, picture), picture);
  const double truth = distance_m(from.ground, to.ground);
  return a && b ? std::abs(distance_m(*a, *b) / truth - 1) : 1;
}

/// The mean error over pairs of people of a scene at least a metre apart, after it was seen through noise.
double mean_error(testing::Calibration calibration, std::uint64_t seed) {
  const auto scene = testing::simulate_scene(SceneKind::two_crowds, seed);
  const PictureSize picture{scene.camera.width, scene.camera.height};
  CrowdRuler ruler(testing::config_for(scene.camera, calibration));
  testing::NoisyView view({}, seed);
  for (const auto& frame : scene.frames) {
    for (const auto& detection : view.detections(frame)) ruler.observe(detection.box, picture);
  }
  ruler.fit();
  double sum = 0;
  int pairs = 0;
  for (const auto& frame : scene.frames) {
    for (std::size_t i = 1; i < frame.people.size(); ++i) {
      if (distance_m(frame.people[0].ground, frame.people[i].ground) < 1) continue;
      sum += error_of(ruler, frame.people[0], frame.people[i], picture);
      ++pairs;
    }
  }
  return sum / pairs;
}

TEST(CrowdRuler, AHomographyMeasuresExactly) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) EXPECT_LT(mean_error(testing::Calibration::homography, seed), 0.001);
}

TEST(CrowdRuler, LearnsMetresFromTheHeightOfPeople) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) EXPECT_LT(mean_error(testing::Calibration::view_angle, seed), 0.08);
}

TEST(CrowdRuler, AWrongViewAngleCostsLittle) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) EXPECT_LT(mean_error(testing::Calibration::nothing, seed), 0.25);
}

TEST(CrowdRuler, SeesNoGroundAboveTheHorizon) {
  const CrowdRuler ruler({});
  EXPECT_FALSE(ruler.to_ground({0.5, -0.5}, {1280, 720}).has_value());
  EXPECT_TRUE(ruler.to_ground({0.5, 0.9}, {1280, 720}).has_value());
}

TEST(CrowdConfig, RefusesAGroundThatIsNoRectangleSeenFromAbove) {
  CrowdConfig config;
  EXPECT_FALSE(crowd_defect(config).has_value());
  config.ground = {{0.1F, 0.9F}, {0.9F, 0.9F}, {0.7F, 0.4F}, {0.3F, 0.4F}};
  EXPECT_TRUE(crowd_defect(config).has_value()) << "its size is unknown";
  config.ground_width_m = 4;
  config.ground_depth_m = 6;
  EXPECT_FALSE(crowd_defect(config).has_value());
  std::swap(config.ground[1], config.ground[2]);
  EXPECT_TRUE(crowd_defect(config).has_value()) << "it crosses itself";
}

}  // namespace
}  // namespace ocelli::events
