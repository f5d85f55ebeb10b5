#include "config/site_change.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ocelli::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

SiteConfig load(const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  auto site = load_site_config(yaml, "site.yaml", {}, problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  return site;
}

constexpr const char* kBefore = R"(
cameras:
  gate: {url: "rtsp://u:secret@c/1", fps: 5}
  dock: {url: b.mp4}
  yard: {url: c.mp4, zones: {hall: {points: [[0, 0], [1, 0], [1, 1]]}}}
)";

std::vector<std::string> changes(const std::string& after) {
  return change_lines(site_change(load(kBefore), load(after)));
}

TEST(SiteChange, IsEmptyWhereOnlyTheTextDiffers) {
  const auto change = site_change(load(kBefore), load(R"(
# the same, otherwise
cameras:
  yard:
    zones: {hall: {points: [[0, 0], [1, 0], [1, 1]]}}
    url: "c.mp4"
  gate: {fps: 5.0, url: "rtsp://u:secret@c/1"}
  dock: {url: b.mp4}
)"));
  EXPECT_TRUE(change.is_empty());
  EXPECT_EQ(change_json(change), R"({"cameras":[],"at_next_start":[]})");
}

TEST(SiteChange, TellsCamerasThatComeGoAndDiffer) {
  EXPECT_THAT(changes(R"(
cameras:
  gate: {url: "rtsp://u:secret@c/1", fps: 10}
  yard: {url: c.mp4, zones: {hall: {points: [[0, 0], [1, 0], [1, 1]], min_stay: 3s}}}
  street: {url: d.mp4}
)"),
              ElementsAre("~ gate: fps 5 -> 10", "- dock", HasSubstr("~ yard: zones.hall.min_stay "), "+ street"));
}

TEST(SiteChange, ShowsNoSecrets) {
  const auto other_password = changes(R"(
cameras:
  gate: {url: "rtsp://u:hidden@c/1", fps: 5}
  dock: {url: b.mp4}
  yard: {url: c.mp4, zones: {hall: {points: [[0, 0], [1, 0], [1, 1]]}}}
)");
  ASSERT_EQ(other_password.size(), 1U);
  EXPECT_THAT(other_password[0], HasSubstr("another log-in"));
  EXPECT_THAT(other_password[0], Not(HasSubstr("secret")));
  EXPECT_THAT(other_password[0], Not(HasSubstr("hidden")));
}

TEST(SiteChange, TellsWhatTakesEffectAtTheNextStart) {
  const auto change = site_change(load(kBefore), load(std::string(kBefore) + "server: {port: 80}\n"));
  EXPECT_TRUE(change.cameras.empty());
  EXPECT_THAT(change_lines(change), ElementsAre("! server.port 8080 -> 80 (at the next start)"));
  const auto json = nlohmann::json::parse(change_json(change));
  EXPECT_EQ(json["at_next_start"][0]["key"], "server.port");
  EXPECT_EQ(json["at_next_start"][0]["after"], "80");
}

TEST(SiteChange, ATrackersChangeIsOneOfAllCameras) {
  const auto change = site_change(load(kBefore), load(std::string(kBefore) + "tracker: {keep_lost: 7s}\n"));
  EXPECT_TRUE(change.at_next_start.empty());
  ASSERT_EQ(change.cameras.size(), 3U);
  for (const auto& camera : change.cameras) {
    EXPECT_EQ(camera.kind, CameraChange::Kind::changed);
    EXPECT_EQ(camera.settings[0].path, "tracker.keep_lost");
  }
}

TEST(SiteChange, SeesClipsSwitchedOnAndClassesNarrowed) {
  const auto change = site_change(load("cameras: {a: {url: x}}"),
                                  load("cameras: {a: {url: x, classes: [person], record: {folder: clips}}}"));
  ASSERT_EQ(change.cameras.size(), 1U);
  const auto json = nlohmann::json::parse(change_json(change))["cameras"][0];
  EXPECT_EQ(json["change"], "changed");
  EXPECT_TRUE(json["settings"][0]["before"].is_null());
  EXPECT_THAT(json.dump(), HasSubstr("record.folder"));
}

}  // namespace
}  // namespace ocelli::config
