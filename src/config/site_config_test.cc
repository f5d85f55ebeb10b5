#include "config/site_config.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Loaded {
  SiteConfig site;
  std::vector<std::string> problems;
};

Loaded load(std::string_view yaml, const Environment& environment = {}) {
  Loaded loaded;
  std::vector<base::YamlProblem> problems;
  loaded.site = load_site_config(yaml, "a.yaml", environment, problems);
  for (const auto& problem : problems) loaded.problems.push_back(problem.to_string());
  return loaded;
}

std::vector<std::string> problems_of(std::string_view yaml, const Environment& environment = {}) {
  return load(yaml, environment).problems;
}

/// A file with one camera that has this zone.
std::vector<std::string> zone_problems(const std::string& zone) {
  return problems_of("cameras:\n  gate:\n    url: a.mp4\n    zones:\n      z: " + zone + "\n");
}

std::vector<std::string> line_problems(const std::string& line) {
  return problems_of("cameras:\n  gate:\n    url: a.mp4\n    lines:\n      l: " + line + "\n");
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.good()) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(SiteConfig, ReadsTheDecodeDeviceByTheNamesThatDoctorShows) {
  EXPECT_EQ(engine::StreamConfig().decode_device, media::DecodeDevice::automatic);
  for (const media::DecodeDevice device : media::hardware_kinds()) {
    const std::string name{media::decode_device_name(device)};
    const auto [site, problems] = load("cameras:\n  gate:\n    url: a.mp4\n    decode_device: " + name + "\n");
    EXPECT_THAT(problems, IsEmpty());
    ASSERT_THAT(site.cameras, SizeIs(1));
    EXPECT_EQ(site.cameras[0].decode_device, device) << name;
  }
  EXPECT_EQ(load("defaults: {decode_device: software}\ncameras: {gate: {url: a.mp4}}\n").site.cameras[0].decode_device,
            media::DecodeDevice::software);
  EXPECT_THAT(problems_of("cameras:\n  gate:\n    url: a.mp4\n    decode_device: vaap\n"),
              ElementsAre(HasSubstr("decode_device must be one of auto, software, cuda, vaapi, v4l2m2m, videotoolbox, "
                                    "d3d11va (did you mean 'vaapi'?)")));
}

TEST(SiteConfig, IsCompleteWithoutAnyFile) {
  const auto [site, problems] = load("");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(site.server.bind, "127.0.0.1");
  EXPECT_EQ(site.server.port, 8080);
  EXPECT_EQ(site.model.name, "yolov8n");
  EXPECT_THAT(site.cameras, IsEmpty());
}

TEST(SiteConfig, ReadsEverySection) {
  const auto [site, problems] = load(R"(
server: {bind: 0.0.0.0, port: 0}
log: {level: warn, format: json, camera_lines_per_second: 2}
model: {name: yolov8s, score: 0.3, threads: 2, precision: int8, provider: cuda, cards: /c, store: /s}
infer: {models: "yolov8s, ocr", kept_models: 2, waiting_jobs: 5}
tracker: {high_score: .6, low_score: .2, begin_score: .7, min_iou_first: .1, min_iou_second: .4, confirm_hits: 2, keep_lost: 1.5s}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(site.server.bind, "0.0.0.0");
  EXPECT_EQ(site.server.port, 0);
  EXPECT_EQ(site.log.level, base::LogLevel::warn);
  EXPECT_EQ(site.log.format, base::LogFormat::json);
  EXPECT_EQ(site.log.camera_lines_per_second, 2);
  EXPECT_EQ(site.model.name, "yolov8s");
  EXPECT_EQ(site.model.score, .3F);
  EXPECT_EQ(site.model.intra_op_threads, 2);
  EXPECT_EQ(site.model.precision, infer::PrecisionChoice::int8);
  EXPECT_EQ(site.model.provider, infer::Provider::cuda);
  EXPECT_EQ(site.model.cards, "/c");
  EXPECT_EQ(site.model.store, "/s");
  EXPECT_EQ(site.infer.models, "yolov8s, ocr");
  EXPECT_EQ(site.infer.kept_models, 2);
  EXPECT_EQ(site.infer.waiting_jobs, 5);
  EXPECT_EQ(site.tracker.high_score, .6F);
  EXPECT_EQ(site.tracker.low_score, .2F);
  EXPECT_EQ(site.tracker.begin_score, .7F);
  EXPECT_EQ(site.tracker.min_iou_first, .1F);
  EXPECT_EQ(site.tracker.min_iou_second, .4F);
  EXPECT_EQ(site.tracker.confirm_hits, 2);
  EXPECT_EQ(site.tracker.keep_lost, std::chrono::milliseconds(1'500));
}

TEST(SiteConfig, ReadsCamerasInTheOrderOfTheFile) {
  const auto [site, problems] = load(R"(
tracker: {confirm_hits: 7}
cameras:
  yard: {url: yard.mp4, loop: false}
  gate:
    url: rtsp://10.0.0.5/stream1
    fps: 5
    classes: [person, car]
    timeout: 2m
    zones:
      forecourt: {points: [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]], classes: [person], min_stay: 1s}
    lines:
      entrance: {from: [0.2, 0.5], to: [0.8, 0.5], classes: [car], hysteresis: 0.02}
)");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(site.cameras, SizeIs(2));
  EXPECT_EQ(site.cameras[0].name, "yard");
  EXPECT_FALSE(site.cameras[0].loop);
  const auto& gate = site.cameras[1];
  EXPECT_EQ(gate.name, "gate");
  EXPECT_EQ(gate.source.url, "rtsp://10.0.0.5/stream1");
  EXPECT_EQ(gate.source.timeout, std::chrono::minutes(2));
  EXPECT_EQ(gate.max_fps, 5);
  EXPECT_THAT(gate.labels, ElementsAre("person", "car"));
  EXPECT_EQ(gate.tracker.confirm_hits, 7);
  ASSERT_THAT(gate.rules.zones, SizeIs(1));
  EXPECT_EQ(gate.rules.zones[0].name, "forecourt");
  EXPECT_THAT(gate.rules.zones[0].corners,
              ElementsAre(vision::UnitPoint{.1F, .2F}, vision::UnitPoint{.5F, .2F}, vision::UnitPoint{.5F, .9F}));
  EXPECT_THAT(gate.rules.zones[0].labels, ElementsAre("person"));
  EXPECT_EQ(gate.rules.zones[0].min_stay, std::chrono::seconds(1));
  ASSERT_THAT(gate.rules.lines, SizeIs(1));
  EXPECT_EQ(gate.rules.lines[0].name, "entrance");
  EXPECT_EQ(gate.rules.lines[0].from, (vision::UnitPoint{.2F, .5F}));
  EXPECT_EQ(gate.rules.lines[0].to, (vision::UnitPoint{.8F, .5F}));
  EXPECT_EQ(gate.rules.lines[0].hysteresis, .02F);
}

TEST(SiteConfig, MakesCamerasThatReconnectAndFilesThatPlayLikeCameras) {
  const auto [site, problems] = load("cameras: {gate: {url: a.mp4}}");
  ASSERT_THAT(site.cameras, SizeIs(1));
  EXPECT_TRUE(site.cameras[0].reconnect);
  EXPECT_TRUE(site.cameras[0].loop);
  EXPECT_EQ(site.cameras[0].pace, engine::Pace::natural);
}

TEST(SiteConfig, TakesDefaultsOfAllCameras) {
  const auto [site, problems] = load(
      "defaults: {fps: 10, classes: [person], timeout: 3s}\n"
      "cameras: {a: {url: a.mp4}, b: {url: b.mp4, fps: 2}}");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(site.cameras, SizeIs(2));
  EXPECT_EQ(site.cameras[0].max_fps, 10);
  EXPECT_EQ(site.cameras[1].max_fps, 2);
  EXPECT_THAT(site.cameras[1].labels, ElementsAre("person"));
  EXPECT_THAT(problems_of("defaults: {url: a.mp4}"), ElementsAre(HasSubstr("a.yaml:1:12: unknown key 'url'")));
}

TEST(SiteConfig, TakesSectionsWithoutAnythingInThem) {
  EXPECT_THAT(problems_of("server:\nlog:\ndefaults:\ncameras:\n"), IsEmpty());
  EXPECT_THAT(problems_of("cameras: {a: {url: a.mp4, zones: , lines: }}"), IsEmpty());
}

TEST(SiteConfig, NamesUnknownKeysWithPlaceAndSuggestion) {
  EXPECT_THAT(problems_of("cameras:\n  gate:\n    url: a.mp4\n    zonez: {}\nsevrer: {}\n"),
              ElementsAre("a.yaml:4:5: unknown key 'zonez' (did you mean 'zones'?)",
                          "a.yaml:5:1: unknown key 'sevrer' (did you mean 'server'?)"));
}

TEST(SiteConfig, CollectsAllProblemsOfAFile) {
  EXPECT_THAT(
      problems_of(R"(server: {port: 99999, bind: ""}
log: {level: inf}
model: {score: 1.5, threads: two}
tracker: {keep_lost: 3, confirm_hits: 0}
cameras:
  "bad name": {url: a.mp4}
  gate: {fps: -1}
  door: 5
)"),
      ElementsAre("a.yaml:1:29: bind must be 1 to 255 bytes long", "a.yaml:1:16: port must be 0 to 65535, not 99999",
                  "a.yaml:2:14: level must be one of debug, info, warn, error, off (did you mean 'info'?)",
                  "a.yaml:3:16: score must be 0 to 1, not 1.5", "a.yaml:3:30: expected a whole number, found 'two'",
                  "a.yaml:4:39: confirm_hits must be 1 to 100, not 0",
                  "a.yaml:4:22: keep_lost must be a duration such as 500ms, 10s, 2m or 1h",
                  HasSubstr("a.yaml:6:3: a camera name is 1 to 64 letters, digits"), "a.yaml:7:9: missing key 'url'",
                  "a.yaml:7:15: fps must be 0 to 240, not -1",
                  "a.yaml:8:9: expected a mapping (key: value), found '5'"));
}

TEST(SiteConfig, RefusesWhatIsNotYaml) {
  EXPECT_THAT(problems_of("cameras: ["), ElementsAre(HasSubstr("a.yaml:1:")));
  EXPECT_THAT(problems_of("- a\n"), ElementsAre("a.yaml:1:1: expected a mapping (key: value), found a list"));
  EXPECT_THAT(problems_of("cameras: {a: {url: x}, a: {url: y}}"),
              ElementsAre(HasSubstr("key 'a' is here a second time")));
}

TEST(SiteConfig, RefusesZonesThatAreNoAreas) {
  EXPECT_THAT(zone_problems("{points: [[0, 0], [1, 1]]}"),
              ElementsAre("a.yaml:5:19: points must hold 3 to 200 items, not 2"));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [1, 1], [1, 0], [0, 1]]}"),
              ElementsAre(HasSubstr("a.yaml:5:19: the edge between corners 1 and 2 meets")));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [640, 0], [0, 1]]}"), ElementsAre(HasSubstr("not 640: divide pixels")));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [.nan, 0], [0, 1]]}"), ElementsAre(HasSubstr("found '.nan'")));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [1], [0, 1]]}"), ElementsAre(HasSubstr("a point is [x, y]")));
  EXPECT_THAT(zone_problems("{min_stay: 1s}"), ElementsAre("a.yaml:5:10: missing key 'points'"));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [1, 0], [0, 1]], min_stay: 2h}"),
              ElementsAre("a.yaml:5:55: min_stay must be 0s to 1h"));
  EXPECT_THAT(zone_problems("{points: [[0, 0], [1, 0], [0, 1]], classes: []}"),
              ElementsAre(HasSubstr("classes must hold 1 to 1000 items, not 0; leave it out for all")));
}

TEST(SiteConfig, ReadsTheRulesOfZonesLinesAndTheGround) {
  const auto [site, problems] = load(R"(
cameras:
  gate:
    url: a.mp4
    relink_window: 2s
    zones:
      yard: {points: [[0, 0], [1, 0], [0, 1]], dwell: 2h, occupancy: 4, occupancy_for: 3s, heading_deg: 90,
             heading_within_deg: 45, wrong_way_for: 2s, max_speed_kmh: 30, speeding_for: 4s, things: [suitcase],
             left_after: 1m, left_distance_m: 2, removed_after: 5m}
    lines:
      fence: {points: [[0, 0.5], [0.5, 0.5], [0.7, 0.5], [1, 0.2]], allowed: backward, tailgating: 1500ms}
    ground:
      points: [[0.1, 0.9], [0.9, 0.9], [0.7, 0.3], [0.3, 0.3]]
      metres: [[0, 0], [12.5, 0], [12.5, 40], [0, 40]]
      person_height_m: 1.6
)");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(site.cameras, SizeIs(1));
  const auto& rules = site.cameras[0].rules;
  EXPECT_EQ(rules.relink_window, std::chrono::seconds(2));
  const auto& yard = rules.zones.at(0);
  EXPECT_EQ(yard.dwell, std::chrono::hours(2));
  EXPECT_EQ(yard.occupancy, 4);
  EXPECT_EQ(yard.occupancy_for, std::chrono::seconds(3));
  EXPECT_EQ(yard.heading_deg, 90);
  EXPECT_EQ(yard.heading_within_deg, 45);
  EXPECT_EQ(yard.wrong_way_for, std::chrono::seconds(2));
  EXPECT_EQ(yard.max_speed_kmh, 30);
  EXPECT_EQ(yard.speeding_for, std::chrono::seconds(4));
  EXPECT_THAT(yard.things, ElementsAre("suitcase"));
  EXPECT_EQ(yard.left_after, std::chrono::minutes(1));
  EXPECT_EQ(yard.left_distance_m, 2);
  EXPECT_EQ(yard.removed_after, std::chrono::minutes(5));
  const auto& fence = rules.lines.at(0);
  EXPECT_EQ(fence.from, (vision::UnitPoint{0, .5F}));
  EXPECT_THAT(fence.via, ElementsAre(vision::UnitPoint{.5F, .5F}, vision::UnitPoint{.7F, .5F}));
  EXPECT_EQ(fence.to, (vision::UnitPoint{1, .2F}));
  EXPECT_EQ(fence.allowed, events::AllowedDirection::backward);
  EXPECT_EQ(fence.tailgating, std::chrono::milliseconds(1'500));
  EXPECT_THAT(rules.ground.points, SizeIs(4));
  EXPECT_EQ(rules.ground.metres.at(2), (events::MetrePoint{12.5, 40}));
  EXPECT_EQ(rules.ground.person_height_m, 1.6F);
}

TEST(SiteConfig, SaysWhichKeyARuleIsMissing) {
  const std::string triangle = "{points: [[0, 0], [1, 0], [0, 1]], ";
  EXPECT_THAT(zone_problems(triangle + "dwel: 3s}"),
              ElementsAre(HasSubstr("unknown key 'dwel' (did you mean 'dwell'?)")));
  EXPECT_THAT(zone_problems(triangle + "occupancy_for: 3s}"),
              ElementsAre(HasSubstr("occupancy_for does nothing without occupancy: add that, or remove this")));
  EXPECT_THAT(zone_problems(triangle + "things: [suitcase]}"),
              ElementsAre(HasSubstr("things does nothing without left_after or removed_after")));
  EXPECT_THAT(zone_problems(triangle + "classes: [car], max_speed_kmh: 30}"),
              ElementsAre("a.yaml:5:7: max_speed_kmh needs ground: without it only people's speed is known, and person "
                          "is not in classes"));
  EXPECT_THAT(zone_problems(triangle + "max_speed_kmh: 30}"), IsEmpty());
}

TEST(SiteConfig, RefusesLinesThatAreWrittenTwice) {
  EXPECT_THAT(line_problems("{points: [[0, 0], [1, 1]], to: [1, 1]}"),
              ElementsAre(HasSubstr("a line has points, or from and to: remove to")));
  EXPECT_THAT(line_problems("{points: [[0, 0], [1, 1], [1, 1]]}"),
              ElementsAre(HasSubstr("points 2 and 3 are the same")));
  EXPECT_THAT(line_problems("{points: [[0, 0], [1, 1]], allowed: foward}"),
              ElementsAre(HasSubstr("allowed must be one of both, forward, backward (did you mean 'forward'?)")));
}

TEST(SiteConfig, RefusesGroundsThatSayNothing) {
  const auto of = [](const std::string& ground) {
    return problems_of("cameras:\n  gate:\n    url: a.mp4\n    ground: " + ground + "\n");
  };
  const std::string square = "[[0, 0], [1, 0], [1, 1], [0, 1]]";
  EXPECT_THAT(of("{points: " + square + ", metres: " + square + "}"), IsEmpty());
  EXPECT_THAT(of("{points: " + square + "}"), ElementsAre(HasSubstr("metres is missing: each of the four points")));
  EXPECT_THAT(of("{points: " + square + ", metres: [[0, 0], [1, 0], [2, 0], [0, 1]]}"),
              ElementsAre(HasSubstr("three of the four points lie in a line")));
  EXPECT_THAT(of("{points: " + square + ", metres: [[0, 0], [1, 0], [2], [0, 1]]}"),
              ElementsAre(HasSubstr("a place is [x, y], in metres")));
  EXPECT_THAT(of("{points: " + square + ", metres: [[0, 0], [1, 0], [1, 1e9], [0, 1]]}"),
              ElementsAre(HasSubstr("a place is within 10000 metres of [0, 0]")));
}

TEST(SiteConfig, RefusesLinesWithoutLength) {
  EXPECT_THAT(line_problems("{from: [0.5, 0.5], to: [0.5, 0.5]}"),
              ElementsAre("a.yaml:5:10: the line begins and ends at the same point"));
  EXPECT_THAT(line_problems("{from: [0.5, 0.5]}"), ElementsAre("a.yaml:5:10: missing key 'to'"));
}

TEST(SiteConfig, RefusesAZoneAndALineOfOneName) {
  EXPECT_THAT(problems_of("cameras:\n  gate:\n    url: a.mp4\n    zones:\n      x: {points: [[0, 0], [1, 0], [0, 1]]}\n"
                          "    lines:\n      x: {from: [0, 0], to: [1, 1]}\n"),
              ElementsAre("a.yaml:7:7: a zone of this camera already has this name"));
}

TEST(SiteConfig, RefusesAddressesItCannotOpen) {
  EXPECT_THAT(problems_of("cameras: {a: {url: 'rstp://user:secret@h/x'}}"),
              ElementsAre("a.yaml:1:20: url must be a file, or begin with http://, https://, rtsp:// or rtsps:// "
                          "(did you mean 'rtsp://'?)"));
  EXPECT_THAT(problems_of("cameras: {a: {url: \"a\\nb\"}}"), ElementsAre(HasSubstr("control character")));
}

TEST(SiteConfig, FillsInEnvironmentVariables) {
  const auto [site, problems] = load("cameras: {a: {url: 'rtsp://${U}:${P}@h/$${x}'}}", {{"U", "me"}, {"P", "a${U}$"}});
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(site.cameras, SizeIs(1));
  EXPECT_EQ(site.cameras[0].source.url, "rtsp://me:a${U}$@h/${x}");
}

TEST(SiteConfig, NamesVariablesThatAreNotSet) {
  EXPECT_THAT(problems_of("cameras: {a: {url: 'rtsp://${U}@h'}}"),
              ElementsAre("a.yaml:1:20: environment variable U is not set"));
  EXPECT_THAT(problems_of("cameras: {a: {url: 'rtsp://${U@h'}}"), ElementsAre(HasSubstr("expected ${NAME}")));
}

TEST(SiteConfig, NeverShowsWhatAVariableHolds) {
  const std::string secret = "hunter2";
  const Environment environment{{"S", secret}, {"LONG", std::string(5'000, 'x') + secret}, {"LINE", secret + "\n"}};
  for (const std::string yaml : {
           "cameras: {a: {url: '${S}://x'}}",
           "cameras: {a: {url: '${LONG}'}}",
           "cameras: {a: {url: '${LINE}'}}",
           "cameras: {a: {url: 'x', classes: ['${S}', '']}}",
           "log: {level: '${S}'}",
           "server: {bind: '${LONG}'}",
       }) {
    const auto problems = problems_of(yaml, environment);
    EXPECT_THAT(problems, Not(IsEmpty())) << yaml;
    for (const auto& problem : problems) EXPECT_THAT(problem, Not(HasSubstr(secret))) << yaml;
  }
}

TEST(SiteConfig, PutsTheEnvironmentOverTheFile) {
  const auto [site, problems] =
      load("server: {port: 1}\ntracker: {keep_lost: 1s}\ncameras: {a: {url: a.mp4}}",
           {{"OCELLI_SERVER_PORT", "9000"}, {"OCELLI_LOG_LEVEL", "debug"}, {"OCELLI_TRACKER_KEEP_LOST", "4s"}});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(site.server.port, 9000);
  EXPECT_EQ(site.log.level, base::LogLevel::debug);
  ASSERT_THAT(site.cameras, SizeIs(1));
  EXPECT_EQ(site.cameras[0].tracker.keep_lost, std::chrono::seconds(4));
}

TEST(SiteConfig, NamesVariablesThatAreWrongOrUnknown) {
  EXPECT_THAT(problems_of("", {{"OCELLI_SERVER_PORT", "http"}, {"OCELLI_SEVRER_BIND", "::1"}}),
              ElementsAre("environment variable OCELLI_SERVER_PORT: expected a whole number, found 'http'",
                          "environment variable OCELLI_SEVRER_BIND: ocelli knows no such variable (did you mean "
                          "'OCELLI_SERVER_BIND'?); unset it, or see `ocelli config reference`"));
}

TEST(SiteConfig, LeavesOtherVariablesAlone) {
  EXPECT_THAT(problems_of("", {{"OCELLI_ONNXRUNTIME", "/x.so"},
                               {"OCELLI_ACCEPT_LICENCE", "true"},
                               {"OCELLI_MODEL_CARDS", "/c"},
                               {"OCELLI_MODEL_STORE", "/s"},
                               {"OCEL", "x"},
                               {"PATH", "/bin"}}),
              IsEmpty());
}

TEST(SiteConfig, ComparesTheTrackersScoresAfterAllLayers) {
  EXPECT_THAT(problems_of("tracker: {low_score: 0.4}", {{"OCELLI_TRACKER_HIGH_SCORE", "0.3"}}),
              ElementsAre("a.yaml: tracker: low_score (0.4) must not be above high_score (0.3)"));
}

TEST(SiteConfigFile, SaysWhenItIsAbsentOrWrong) {
  const auto absent = load_site_config_file("/nonexistent/ocelli.yaml", {});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), base::Code::not_found);
  EXPECT_THAT(absent.error().message(), HasSubstr("/nonexistent/ocelli.yaml"));

  const auto folder = load_site_config_file("/", {});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), base::Code::unavailable);

  const auto endless = load_site_config_file("/dev/zero", {});
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().message(), HasSubstr("larger than 4 MiB"));

  const auto path = std::filesystem::temp_directory_path() / ("ocelli-config-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << "sevrer: {}\nlog: {level: x}\n";
  const auto wrong = load_site_config_file(path.string(), {});
  std::filesystem::remove(path);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), base::Code::invalid);
  EXPECT_THAT(wrong.error().message(), HasSubstr("(and 1 more problem)"));
}

TEST(ProcessEnvironment, HoldsTheVariablesOfThisProcess) {
  ::setenv("OCELLI_TEST_VARIABLE", "a=b", 1);
  const auto environment = process_environment();
  ::unsetenv("OCELLI_TEST_VARIABLE");
  EXPECT_EQ(environment.at("OCELLI_TEST_VARIABLE"), "a=b");
}

/// A file with two cameras, the first of which tells this behaviour.
Loaded load_behaviour(const std::string& behaviour) {
  return load("cameras:\n  gate:\n    url: a.mp4\n    lines: {door: {from: [0, 0], to: [1, 1]}}\n    behaviour: " +
              behaviour + "\n  yard: {url: b.mp4}\n");
}

TEST(Behaviour, IsToldWhereItIsNamed) {
  const auto [site, problems] = load_behaviour("{run: , collapse: {score: 0.8, hold: 3s, quality: 0.5}}");
  EXPECT_THAT(problems, IsEmpty());
  const auto& behaviour = site.cameras.at(0).rules.behaviour;
  ASSERT_THAT(behaviour.classes, SizeIs(2));
  EXPECT_TRUE(behaviour.network);
  EXPECT_EQ(behaviour.classes[0].name, "run");
  EXPECT_FLOAT_EQ(behaviour.classes[0].score, 0.7F);
  EXPECT_EQ(behaviour.classes[1].name, "collapse");
  EXPECT_FLOAT_EQ(behaviour.classes[1].score, 0.8F);
  EXPECT_EQ(behaviour.classes[1].hold, std::chrono::seconds(3));
  EXPECT_THAT(site.cameras.at(1).rules.behaviour.classes, IsEmpty());
  EXPECT_THAT(load_behaviour("").problems, IsEmpty());
}

TEST(Behaviour, IsOneThatTheNetworkKnows) {
  EXPECT_THAT(
      load_behaviour("{rn: }").problems,
      ElementsAre("a.yaml:5:17: there is no behaviour 'rn' (did you mean 'run'?); there are: walk, run, loiter, "
                  "agitation, collapse, queue"));
  EXPECT_THAT(load_behaviour("[run]").problems, SizeIs(1));
}

TEST(Behaviour, RefusesContradictions) {
  EXPECT_THAT(load_behaviour("{run: {score: 0.3}}").problems,
              ElementsAre(HasSubstr("end_score must not be above score")));
  EXPECT_THAT(load_behaviour("{run: {score: 2}}").problems, ElementsAre(HasSubstr("score must be 0 to 1")));
  const auto twice = load(
      "cameras: {gate: {url: a.mp4, behaviour: {run: }, zones: {run: {points: [[0, 0], [1, 0], [1, "
      "1]]}}}}");
  EXPECT_THAT(twice.problems, ElementsAre(HasSubstr("a zone or line of this camera already has this name")));
}

TEST(Record, TakesItsKeysFromTheDefaultsAndTheCamera) {
  const auto [site, problems] = load(
      "defaults: {record: {folder: clips, before: 3s, events: [zone_entered]}}\n"
      "cameras:\n  gate: {url: a.mp4, record: {after: 7s}}\n  yard: {url: b.mp4}\n");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(site.cameras[0].record.folder, "clips");
  EXPECT_EQ(site.cameras[0].record.before, std::chrono::seconds(3));
  EXPECT_EQ(site.cameras[0].record.after, std::chrono::seconds(7));
  EXPECT_EQ(site.cameras[1].record.events, std::vector<std::string>{"zone_entered"});
}

TEST(Record, IsOffUnlessAFolderIsNamed) {
  EXPECT_FALSE(load("cameras: {gate: {url: a.mp4}}").site.cameras[0].record.enabled());
  EXPECT_THAT(problems_of("cameras: {gate: {url: a.mp4, record: }}"), IsEmpty());
}

TEST(Record, RefusesContradictions) {
  const auto of = [](const std::string& record) {
    return problems_of("cameras:\n  gate:\n    url: a.mp4\n    record: " + record + "\n");
  };
  EXPECT_THAT(of("{folder: c, events: [zone_enterd]}"), ElementsAre(HasSubstr("did you mean 'zone_entered'")));
  EXPECT_THAT(of("{folder: c, before: 50s, after: 50s}"), ElementsAre(HasSubstr("longest must be at least")));
  EXPECT_THAT(of("{folder: c, memory_mib: 0}"), ElementsAre(HasSubstr("memory_mib")));
  EXPECT_THAT(problems_of("defaults: {record: {folder: c, events: [nothing]}}"), ElementsAre(HasSubstr("nothing")));
}

TEST(ExampleFile, IsFine) {
  const auto yaml = text_of(std::filesystem::path(OCELLI_SOURCE_FOLDER) / "ocelli.example.yaml");
  const auto [site, problems] = load(yaml, {{"GATE_USER", "u"}, {"GATE_PASSWORD", "p"}});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(site.cameras, SizeIs(2));
}

TEST(Reference, InTheDocumentationIsWhatTheProgramPrints) {
  const auto page = text_of(std::filesystem::path(OCELLI_SOURCE_FOLDER) / "docs" / "configuration.md");
  EXPECT_NE(page.find(site_config_reference()), std::string::npos)
      << "docs/configuration.md is stale: put the output of `ocelli config reference` between its markers";
}

RC_GTEST_PROP(SiteConfig, SurvivesAnyText, (std::string text)) {
  std::vector<base::YamlProblem> problems;
  load_site_config(text, "a.yaml", {}, problems);
}

}  // namespace
}  // namespace ocelli::config
