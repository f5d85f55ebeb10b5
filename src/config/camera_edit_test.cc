#include "config/camera_edit.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::config {
namespace {

using base::Code;
using ::testing::HasSubstr;

constexpr const char* kSite = R"(# the yard
model: {name: yolov8n}

cameras:
  # by the gate
  gate:
    url: a.mp4  # the old one
    zones:
      dock: {points: [[0, 0], [1, 0], [1, 1]]}
    # fps: 5

  # in the yard
  yard:
    url: b.mp4
# the end
)";

base::Result<EditedSite> set(const std::string& yaml, const std::string& name, const std::string& json) {
  return set_camera(yaml, "site.yaml", {}, name, json);
}

base::Result<EditedSite> remove(const std::string& yaml, const std::string& name) {
  return remove_camera(yaml, "site.yaml", {}, name);
}

std::string with(const std::string& yaml, const std::string& name, const std::string& json) {
  const auto edited = set(yaml, name, json);
  return edited ? edited->yaml : edited.error().message();
}

TEST(CameraEdit, ReplacesOneCameraAndNothingElse) {
  EXPECT_EQ(
      with(kSite, "gate", R"({"url": "rtsp://c/1", "fps": 5, "zones": {"hall": {"points": [[0,0],[1,0],[1,1]]}}})"),
      R"(# the yard
model: {name: yolov8n}

cameras:
  # by the gate
  gate:
    url: "rtsp://c/1"
    fps: 5
    zones:
      hall:
        points: [[0,0],[1,0],[1,1]]

  # in the yard
  yard:
    url: b.mp4
# the end
)");
}

TEST(CameraEdit, AppendsACamera) {
  EXPECT_EQ(with(kSite, "street", R"({"url": "c.mp4"})"),
            std::string(kSite).substr(0, std::string(kSite).find("# the end")) +
                "  street:\n    url: \"c.mp4\"\n# the end\n");
}

TEST(CameraEdit, BeginsTheListOfCameras) {
  const std::string camera = "  gate:\n    url: \"a.mp4\"\n";
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", "cameras:\n" + camera},
           {"log: {level: warn}", "log: {level: warn}\ncameras:\n" + camera},
           {"cameras:\nlog:\n  level: warn\n", "cameras:\n" + camera + "log:\n  level: warn\n"},
           {"cameras: {}\n", "cameras:\n" + camera}}) {
    EXPECT_EQ(with(before, "gate", R"({"url": "a.mp4"})"), after);
  }
}

TEST(CameraEdit, KeepsTheFilesOwnIndentation) {
  EXPECT_EQ(with("cameras:\n     gate:\n       url: a.mp4\n", "yard", R"({"url": "b.mp4"})"),
            "cameras:\n     gate:\n       url: a.mp4\n     yard:\n       url: \"b.mp4\"\n");
}

TEST(CameraEdit, RemovesOneCameraAndNothingElse) {
  EXPECT_EQ(remove(kSite, "gate")->yaml, R"(# the yard
model: {name: yolov8n}

cameras:
  # by the gate

  # in the yard
  yard:
    url: b.mp4
# the end
)");
  const auto unknown = remove(kSite, "gat");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::not_found);
  EXPECT_THAT(unknown.error().message(), HasSubstr("did you mean 'gate'?"));
}

TEST(CameraEdit, GivesWhatItTookBack) {
  EXPECT_EQ(remove(with(kSite, "street", R"({"url": "c.mp4"})"), "street")->yaml, kSite);
}

TEST(CameraEdit, KeepsAnyTextAsItIs) {
  const auto edited = set("", "gate", R"({"url": "a: # \"b\" \u00e9 'c'.mp4"})");
  ASSERT_TRUE(edited) << edited.error().message();
  ASSERT_EQ(edited->site.cameras.size(), 1U);
  EXPECT_EQ(edited->site.cameras[0].source.url, "a: # \"b\" \u00e9 'c'.mp4");
}

TEST(CameraEdit, RefusesWhatIsNoConfiguration) {
  const auto edited = set(kSite, "gate", R"({"url": "a.mp4", "fsp": 5})");
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().code(), Code::invalid);
  EXPECT_THAT(edited.error().message(), HasSubstr("did you mean 'fps'?"));
  EXPECT_FALSE(set(kSite, "a gate", R"({"url": "a.mp4"})"));
  EXPECT_FALSE(set("cameras:\n  a:\n    fsp: 5\n", "gate", R"({"url": "a.mp4"})")) << "it was none before";
}

TEST(CameraEdit, LeavesCamerasInOneLineToAPerson) {
  for (const char* yaml : {"cameras: {gate: {url: a.mp4}}", "{cameras: {gate: {url: a.mp4}}}"}) {
    for (const auto& edited : {set(yaml, "yard", R"({"url": "b"})"), remove(yaml, "gate")}) {
      ASSERT_FALSE(edited) << yaml;
      EXPECT_EQ(edited.error().code(), Code::unsupported);
      EXPECT_THAT(edited.error().message(), HasSubstr("site.yaml"));
    }
  }
}

TEST(CameraEdit, RefusesWhatIsNoCamera) {
  const std::string deep(100'000, '[');
  for (const std::string& json :
       {std::string("[]"), std::string("{"), std::string("\"x\""), std::string("{\"a\": \"\xff\"}"), "{\"a\": " + deep,
        "{\"a\": " + deep + std::string(100'000, ']') + "}"}) {
    const auto edited = set(kSite, "gate", json);
    ASSERT_FALSE(edited) << json.substr(0, 20);
    EXPECT_EQ(edited.error().code(), Code::invalid);
  }
  EXPECT_EQ(set("cameras: [a]", "gate", "{}").error().code(), Code::invalid);
  EXPECT_EQ(set("a: [", "gate", "{}").error().code(), Code::invalid);
}

}  // namespace
}  // namespace ocelli::config
