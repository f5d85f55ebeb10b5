#include "events/rules.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;
using track::Track;
using track::TrackState;

media::FrameInfo frame_at(std::uint64_t sequence) {
  media::FrameInfo frame;
  frame.width = 1000;
  frame.height = 500;
  frame.sequence = sequence;
  frame.time = media::MediaTime(milliseconds{40 * sequence});
  frame.captured = base::WallTime(std::chrono::seconds{1'700'000'000} + milliseconds{40 * sequence});
  return frame;
}

Track person(std::uint64_t id, float x, TrackState state = TrackState::confirmed) {
  Track track;
  track.id = id;
  track.state = state;
  track.score = 0.75F;
  track.box = {x - 20, 150, 40, 100};
  return track;
}

RulesConfig door_and_yard() {
  RulesConfig config;
  config.lines.push_back({"door", {0.5F, 1}, {0.5F, 0}, {}, 0.01F});
  config.zones.push_back({"yard", {{0.4F, 0}, {1, 0}, {1, 1}, {0.4F, 1}}, {}, milliseconds{0}});
  config.relink_window = milliseconds{0};  // who is gone is gone at once
  return config;
}

std::vector<EventType> types(const std::vector<Event>& events) {
  std::vector<EventType> result;
  for (const auto& event : events) result.push_back(event.type);
  return result;
}

TEST(Rules, TellsTheBeginAndTheEndOfEachTrackOnce) {
  Rules rules("gate", {}, {"person"});
  EXPECT_EQ(types(rules.update(frame_at(0), std::vector{person(1, 100)}, {}).events),
            std::vector{EventType::track_began});
  EXPECT_TRUE(rules.update(frame_at(1), std::vector{person(1, 110)}, {}).events.empty());
  const std::vector ended{person(1, 110, TrackState::lost)};
  EXPECT_EQ(types(rules.update(frame_at(2), {}, ended).events), std::vector{EventType::track_ended});
  EXPECT_TRUE(rules.update(frame_at(3), {}, ended).events.empty());
}

TEST(Rules, AnEventTellsFrameTimesTrackAndPlace) {
  Rules rules("gate", {}, {"person"});
  const auto events = rules.update(frame_at(25), std::vector{person(9, 100)}, {}).events;
  ASSERT_EQ(events.size(), 1U);
  const Event& event = events[0];
  EXPECT_EQ(event.sequence, 1U);
  EXPECT_EQ(event.camera, "gate");
  EXPECT_EQ(event.time, media::MediaTime(std::chrono::seconds{1}));
  EXPECT_EQ(event.wall_time, base::WallTime(std::chrono::seconds{1'700'000'001})) << "the frame's, not the clock's";
  EXPECT_EQ(event.frame, 25U);
  EXPECT_EQ(event.track_id, 9U);
  EXPECT_EQ(event.label, "person");
  EXPECT_FLOAT_EQ(event.score, 0.75F);
  EXPECT_EQ(event.box, person(9, 100).box);
  EXPECT_EQ(event.picture_width, 1000);
}

TEST(Rules, EventsOfAFrameComeByTrackThenBeginLinesZonesThenEnds) {
  Rules rules("gate", door_and_yard(), {"person"});
  rules.update(frame_at(0), std::vector{person(1, 100), person(2, 100)}, {});
  const auto events = rules
                          .update(frame_at(1), std::vector{person(3, 700), person(2, 700)},
                                  std::vector{person(1, 100, TrackState::lost)})
                          .events;
  EXPECT_EQ(types(events), (std::vector{EventType::line_crossed, EventType::zone_entered, EventType::track_began,
                                        EventType::zone_entered, EventType::track_ended}));
  EXPECT_EQ(events[0].rule, "door");
  EXPECT_EQ(events[0].direction, "forward");
  EXPECT_EQ(events[1].rule, "yard");
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, events[i - 1].sequence + 1);
}

TEST(Rules, APredictedPositionCrossesNothingButTheWayToWhereItIsFoundAgainDoes) {
  Rules rules("gate", door_and_yard(), {"person"});
  rules.update(frame_at(0), std::vector{person(1, 100)}, {});
  EXPECT_TRUE(rules.update(frame_at(1), std::vector{person(1, 700, TrackState::lost)}, {}).events.empty());
  EXPECT_TRUE(rules.update(frame_at(2), std::vector{person(1, 100)}, {}).events.empty())
      << "it never was beyond the door";
  EXPECT_TRUE(rules.update(frame_at(3), std::vector{person(1, 300, TrackState::lost)}, {}).events.empty());
  const auto events = rules.update(frame_at(4), std::vector{person(1, 700)}, {}).events;
  EXPECT_EQ(types(events), (std::vector{EventType::line_crossed, EventType::zone_entered}));
}

TEST(Rules, ATrackThatEndsInsideAZoneLeavesItFirst) {
  Rules rules("gate", door_and_yard(), {"person"});
  rules.update(frame_at(0), std::vector{person(1, 700)}, {});
  const auto events = rules.update(frame_at(1), {}, std::vector{person(1, 700, TrackState::lost)}).events;
  EXPECT_EQ(types(events), (std::vector{EventType::zone_left, EventType::track_ended}));
}

TEST(Rules, CountsOnlyTheLabelsThatWereAskedFor) {
  RulesConfig config = door_and_yard();
  config.lines[0].labels = {"car"};
  config.zones[0].labels = {"car", "person"};
  Rules rules("gate", config, {"person", "bicycle", "car"});
  Track car = person(2, 100);
  car.class_id = 2;
  rules.update(frame_at(0), std::vector{person(1, 100), car}, {});
  car.box.left += 600;
  const auto events = rules.update(frame_at(1), std::vector{person(1, 700), car}, {}).events;
  EXPECT_EQ(types(events), (std::vector{EventType::zone_entered, EventType::line_crossed, EventType::zone_entered}));
  EXPECT_EQ(events[1].label, "car");
}

TEST(Rules, ALineTellsItsTotals) {
  Rules rules("gate", door_and_yard(), {"person"});
  std::vector<Event> crossings;
  for (int i = 0; i < 4; ++i) {
    for (const auto& event :
         rules.update(frame_at(static_cast<std::uint64_t>(i)), std::vector{person(1, i % 2 == 0 ? 100.F : 700.F)}, {})
             .events) {
      if (event.type == EventType::line_crossed) crossings.push_back(event);
    }
  }
  ASSERT_EQ(crossings.size(), 3U);
  const auto& totals = crossings.back().readings;
  ASSERT_EQ(totals.size(), 3U);
  EXPECT_EQ(totals[0].name, "forward_total");
  EXPECT_EQ(totals[0].value, 2);
  EXPECT_EQ(totals[1].value, 1);
  EXPECT_EQ(totals[2].value, 1);
}

TEST(Rules, ACrossingTellsWhenItWas) {
  Rules rules("gate", door_and_yard(), {"person"});
  rules.update(frame_at(0), std::vector{person(1, 400)}, {});
  const auto events = rules.update(frame_at(10), std::vector{person(1, 800)}, {}).events;
  ASSERT_EQ(events.at(0).type, EventType::line_crossed);
  EXPECT_EQ(events[0].time, media::MediaTime(milliseconds{400}));
  ASSERT_TRUE(events[0].since);
  EXPECT_NEAR(media::to_seconds(*events[0].since), 0.1, 1e-6) << "a quarter of the way";
}

TEST(Rules, WhoMayStillComeBackLeavesWithTheStream) {
  RulesConfig config = door_and_yard();
  config.relink_window = std::chrono::seconds{1};
  Rules rules("gate", config, {"person"});
  rules.update(frame_at(0), std::vector{person(1, 700)}, {});
  const std::vector ended{person(1, 700, TrackState::lost)};
  EXPECT_EQ(types(rules.update(frame_at(1), {}, ended).events), std::vector{EventType::track_ended});
  EXPECT_EQ(types(rules.finish(frame_at(1), {}).events), std::vector{EventType::zone_left});
  EXPECT_TRUE(rules.finish(frame_at(1), {}).events.empty());
}

TEST(Rules, BoundsNearMissesAndCountsThoseLeftOut) {
  RulesConfig config = door_and_yard();
  config.zones[0].min_stay = milliseconds{400};
  Rules rules("gate", config, {"person"});
  // Every two seconds somebody is in the yard for 240 ms of the 400.
  std::vector<NearMiss> told;
  for (std::uint64_t visit = 0; visit <= 30; ++visit) {
    for (const std::uint64_t frame : {0, 6, 7}) {
      const auto judgement =
          rules.update(frame_at(50 * visit + frame), std::vector{person(1, frame < 7 ? 450.F : 300.F)}, {});
      told.insert(told.end(), judgement.near_misses.begin(), judgement.near_misses.end());
    }
  }
  ASSERT_EQ(told.size(), 7U) << "six in the first minute, one in the second";
  EXPECT_EQ(told[5].left_out, 0U);
  EXPECT_EQ(told[6].left_out, 24U);
  EXPECT_EQ(told[6].would_be.sequence, 7U);
  EXPECT_EQ(told[6].would_be.type, EventType::zone_entered);
  ASSERT_EQ(told[6].would_be.gates.size(), 1U);
  EXPECT_DOUBLE_EQ(told[6].would_be.gates[0].value, 0.24);
  EXPECT_FALSE(told[6].would_be.gates[0].passed);
}

TEST(Rules, WhatWasFarFromHappeningIsNoNearMiss) {
  RulesConfig config = door_and_yard();
  config.zones[0].min_stay = milliseconds{400};
  Rules rules("gate", config, {"person"});
  rules.update(frame_at(0), std::vector{person(1, 450)}, {});
  rules.update(frame_at(4), std::vector{person(1, 450)}, {});
  EXPECT_TRUE(rules.update(frame_at(5), std::vector{person(1, 300)}, {}).near_misses.empty()) << "160 ms of 400";
}

TEST(Rules, NamesClassesThatTheModelDoesNotKnow) {
  Rules rules("gate", {}, {"person"});
  Track strange = person(1, 100);
  strange.class_id = 5;
  EXPECT_EQ(rules.update(frame_at(0), std::vector{strange}, {}).events.at(0).label, "class 5");
}

}  // namespace
}  // namespace ocelli::events
