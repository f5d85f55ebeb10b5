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

TEST(Rules, NamesClassesThatTheModelDoesNotKnow) {
  Rules rules("gate", {}, {"person"});
  Track strange = person(1, 100);
  strange.class_id = 5;
  EXPECT_EQ(rules.update(frame_at(0), std::vector{strange}, {}).events.at(0).label, "class 5");
}

}  // namespace
}  // namespace ocelli::events
