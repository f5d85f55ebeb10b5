#include "config/effective.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ocelli::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kSite = R"(
model: {name: yolox_nano, score: 0.3}
tracker: {keep_lost: 1500ms, min_iou_first: 0.3}
cameras:
  gate:
    url: rtsp://user:secret@camera/1
    fps: 12.5
    classes: [person, "a \"b\" ${X} c"]
    record: {folder: clips}
    zones:
      dock: {points: [[0.1, 0.2], [0.9, 0.2], [0.7, 0.9]], min_stay: 10s, classes: [person]}
      hall: {points: [[0.1, 0.2], [0.9, 0.2], [0.7, 0.9]], occupancy: 3, occupancy_for: 2s}
    ground: {points: [[0, 0], [1, 0], [1, 1], [0, 1]], metres: [[0, 0], [4, 0], [4, 9.5], [0, 9.5]]}
    lines:
      lane: {points: [[0, 0.1], [0.5, 0.2], [1, 0.1]], tailgating: 2s}
      door: {from: [0, 0.25], to: [1, 0.75], hysteresis: 0.03}
    behaviour: {run: , collapse: {hold: 3s}}
)";

EffectiveConfig load(const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  EffectiveConfig config{load_site_config(yaml, "a.yaml", {{"X", "${x}"}}, problems), {}};
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  if (!config.site.cameras.empty()) config.camera = config.site.cameras.front();
  return config;
}

std::vector<Setting> settings_of(const EffectiveConfig& config) {
  return effective_settings(config.site, config.camera);
}

TEST(EffectiveConfig, ReadsBackAsTheSameSettings) {
  const auto settings = settings_of(load(kSite));
  EXPECT_THAT(settings, Contains(Setting{"camera.zones.dock.min_stay", "10s"}));
  EXPECT_THAT(settings, Contains(Setting{"tracker.min_iou_first", "0.3"}));
  const auto again = read_effective_config(to_yaml(settings), "config", "gate");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(settings_of(*again), settings);
  EXPECT_EQ(again->camera.name, "gate");
  EXPECT_EQ(again->camera.labels.back(), "a \"b\" ${x} c");
  EXPECT_EQ(again->camera.rules.lines.back().to, (vision::UnitPoint{1, 0.75F}));
  EXPECT_EQ(again->camera.rules.lines.front().via.size(), 1U);
  EXPECT_EQ(again->camera.rules.ground.metres.at(2), (events::MetrePoint{4, 9.5}));
  EXPECT_EQ(again->camera.rules.behaviour.classes.at(1).hold, std::chrono::seconds(3));
  EXPECT_EQ(again->camera.tracker.keep_lost, std::chrono::milliseconds(1500));
}

TEST(EffectiveConfig, ReadsBackWhatHasNoRules) {
  EffectiveConfig config;
  config.camera.max_fps = 900;  // a flag may say so, a file may not
  const auto settings = settings_of(config);
  EXPECT_THAT(settings, Not(Contains(Field(&Setting::path, "camera.fps"))));
  const auto again = read_effective_config(to_yaml(settings), "config", "gate");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_THAT(again->camera.rules.zones, IsEmpty());
}

TEST(EffectiveConfig, KeepsTheAddressToItself) {
  EXPECT_THAT(to_yaml(settings_of(load(kSite))), Not(HasSubstr("secret")));
}

/// Who adds a kind of rule to the configuration adds it here too, or replays would run without it.
TEST(EffectiveConfig, HoldsEveryKindOfRule) {
  const auto schema = nlohmann::json::parse(site_config_schema());
  const std::string yaml = to_yaml(settings_of(load(kSite)));
  for (const auto& [key, value] : schema["$defs"]["camera"]["properties"].items()) {
    const bool is_rule = value.contains("additionalProperties");
    if (!is_rule) continue;
    EXPECT_THAT(yaml, HasSubstr("\n  " + key + ":\n"));
  }
}

TEST(EffectiveConfig, SaysWhatDiffers) {
  const auto before = settings_of(load(kSite));
  std::string other = kSite;
  other.replace(other.find("10s"), 3, "20s");
  const auto changed = changed_settings(before, settings_of(load(other)));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].path, "camera.zones.dock.min_stay");
  EXPECT_EQ(changed[0].before, "10s");
  EXPECT_EQ(changed[0].after, "20s");
}

TEST(EffectiveConfig, TellsWhatIsWrong) {
  const auto wrong = read_effective_config("camera:\n  zonez: {}\n", "config", "gate");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message(), HasSubstr("zonez"));
}

}  // namespace
}  // namespace ocelli::config
