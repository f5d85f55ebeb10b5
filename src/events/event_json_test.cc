#include "events/event_json.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ocelli::events {
namespace {

Event crossing() {
  Event event;
  event.sequence = 7;
  event.type = EventType::line_crossed;
  event.camera = "gate";
  event.time = media::MediaTime(std::chrono::milliseconds{12'345});
  event.wall_time = base::WallTime(std::chrono::milliseconds{1'777'889'472'345});
  event.frame = 308;
  event.rule = "door";
  event.direction = "forward";
  event.track_id = 42;
  event.label = "person";
  event.score = 0.5F;
  event.box = {100, 50.25F, 40, 120};
  event.picture_width = 1000;
  event.picture_height = 500;
  event.gates = {{"distance_from_line_px", 7.5, 5, true}};
  return event;
}

TEST(EventJson, IsOneCloudEventWithAllItsFieldsInOrder) {
  EXPECT_EQ(
      to_cloud_event(crossing()),
      R"({"specversion":"1.0","id":"gate/7","source":"/cameras/gate",)"
      R"("type":"tns1:RuleEngine/LineDetector/Crossed","time":"2026-05-04T10:11:12.345Z",)"
      R"("datacontenttype":"application/json","subject":"track/42","data":{"camera":"gate",)"
      R"("event":"line_crossed","media_time_s":12.345,"frame":308,"rule":"door","direction":"forward",)"
      R"("track_id":42,"label":"person","score":0.5000,)"
      R"("box":{"left":100.00,"top":50.25,"width":40.00,"height":120.00},)"
      R"("box_unit":{"left":0.10000,"top":0.10050,"width":0.04000,"height":0.24000},)"
      R"("gates":[{"name":"distance_from_line_px","value":7.5000,"need":"at_least","threshold":5.0000,"passed":true}]}})");
}

TEST(EventJson, LeavesOutRuleAndDirectionWhereThereIsNone) {
  Event event = crossing();
  event.type = EventType::track_began;
  event.rule.clear();
  event.direction.clear();
  event.gates.clear();
  const auto document = nlohmann::json::parse(to_cloud_event(event));
  EXPECT_EQ(document.at("type"), "ocelli:Track/Began");
  EXPECT_FALSE(document.at("data").contains("rule"));
  EXPECT_FALSE(document.at("data").contains("direction"));
  EXPECT_TRUE(document.at("data").at("gates").empty());
}

TEST(EventJson, NamesAllThatTakePart) {
  Event event = crossing();
  event.members = {41, 42};
  event.gates = {at_most("spread_m", 1.5, 1.2)};
  const auto data = nlohmann::json::parse(to_cloud_event(event)).at("data");
  EXPECT_EQ(data.at("members"), nlohmann::json({41, 42}));
  EXPECT_EQ(data.at("gates").at(0).at("need"), "at_most");
  EXPECT_FALSE(data.at("gates").at(0).at("passed"));
}

TEST(EventJson, TellsSinceWhenAndWhatWasRead) {
  Event event = crossing();
  event.since = media::MediaTime(std::chrono::milliseconds{12'300});
  event.readings = {{"forward_total", 3}, {"net_total", -1}};
  const auto data = nlohmann::json::parse(to_cloud_event(event)).at("data");
  EXPECT_EQ(data.at("since_s"), 12.3);
  EXPECT_EQ(data.at("readings").at("forward_total"), 3);
  EXPECT_EQ(data.at("readings").at("net_total"), -1);
}

TEST(EventType, EachHasANameAndATopicOfItsOwnKind) {
  std::set<std::string_view> names;
  for (const auto type : all_event_types()) {
    EXPECT_NE(event_type_name(type), "unknown");
    EXPECT_NE(event_topic(type), "ocelli:Unknown") << event_type_name(type);
    EXPECT_TRUE(names.insert(event_type_name(type)).second);
  }
}

TEST(EventJson, StaysValidForHostileNamesAndImpossibleNumbers) {
  Event event = crossing();
  event.camera = "Tor 3/Süd \"\xFF\"\n";
  event.rule = "\\ \x01";
  event.score = std::numeric_limits<float>::quiet_NaN();
  event.box.left = std::numeric_limits<float>::infinity();
  event.picture_width = 0;
  const std::string line = to_cloud_event(event);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto document = nlohmann::json::parse(line);
  EXPECT_EQ(document.at("source"), "/cameras/Tor%203%2FS%C3%BCd%20%22%FF%22%0A");
  EXPECT_TRUE(document.at("data").at("score").is_null());
  EXPECT_TRUE(document.at("data").at("box").at("left").is_null());
  EXPECT_FALSE(document.at("data").contains("box_unit"));
}

TEST(EventJson, WritesNoMinusZero) {
  Event event = crossing();
  event.box.left = -0.001F;
  event.box.top = -0.01F;
  const std::string line = to_cloud_event(event);
  EXPECT_NE(line.find(R"("box":{"left":0.00,"top":-0.01,)"), std::string::npos) << line;
}

}  // namespace
}  // namespace ocelli::events
