#include "engine/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/replay_diff.h"

namespace ocelli::engine {
namespace {

using events::Event;
using events::EventType;
using Kind = EventChange::Kind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Event zone_event(std::uint64_t track, double time_s, double inside_s, double threshold_s) {
  Event event;
  event.type = EventType::zone_entered;
  event.rule = "dock";
  event.label = "person";
  event.track_id = track;
  event.time = media::from_seconds(time_s);
  event.gates = {events::at_least("inside_s", inside_s, threshold_s)};
  return event;
}

ReplayedRun run_of(std::vector<Event> events, std::vector<Event> misses = {}) {
  ReplayedRun run;
  run.events = std::move(events);
  for (auto& miss : misses) run.near_misses.push_back({std::move(miss)});
  return run;
}

DiffConfig config_with(TrackNumbers tracks) {
  DiffConfig config;
  config.tracks = tracks;
  config.changes_of_rule = [](const std::string& rule) {
    return rule == "dock" ? std::string("min_stay 500ms → 10s") : std::string();
  };
  return config;
}

TEST(EventDiff, FindsNothingInEqualRuns) {
  const auto run = run_of({zone_event(1, 5, 1, 0.5), zone_event(2, 5, 1, 0.5), zone_event(1, 9, 1, 0.5)});
  const auto diff = diff_events(run, run, config_with(TrackNumbers::same));
  EXPECT_THAT(diff.changes, IsEmpty());
  EXPECT_EQ(diff.unchanged, 3U);
}

TEST(EventDiff, ExplainsARemovedEventByItsNearMiss) {
  const auto before = run_of({zone_event(12, 41.3, 0.52, 0.5)});
  const auto after = run_of({zone_event(3, 80, 10.1, 10)}, {zone_event(12, 47, 6.2, 10), zone_event(4, 42, 1, 10)});
  const auto diff = diff_events(before, after, config_with(TrackNumbers::same));
  ASSERT_THAT(diff.changes, SizeIs(2));
  EXPECT_EQ(diff.changes[0].kind, Kind::removed);
  EXPECT_EQ(diff.changes[0].event.track_id, 12U);
  EXPECT_EQ(diff.changes[0].reason, "now inside_s 6.2, needs at least 10 (min_stay 500ms → 10s)");
  ASSERT_THAT(diff.changes[0].gates, SizeIs(1));
  EXPECT_DOUBLE_EQ(diff.changes[0].gates[0].value, 6.2);
  EXPECT_EQ(diff.changes[1].kind, Kind::added);
}

TEST(EventDiff, ExplainsARemovedEventByTheThresholdOfTheOtherRun) {
  const auto before = run_of({zone_event(12, 41.3, 0.52, 0.5)});
  const auto after = run_of({zone_event(3, 80, 10.1, 10)});
  const auto diff = diff_events(before, after, config_with(TrackNumbers::same));
  EXPECT_THAT(diff.changes[0].reason, HasSubstr("now inside_s 0.52, needs at least 10"));
}

TEST(EventDiff, ExplainsAnAddedEventByTheNearMissBefore) {
  const auto before = run_of({}, {zone_event(7, 12, 6.2, 10)});
  const auto after = run_of({zone_event(7, 10, 5, 5)});
  const auto diff = diff_events(before, after, config_with(TrackNumbers::same));
  ASSERT_THAT(diff.changes, SizeIs(1));
  EXPECT_EQ(diff.changes[0].kind, Kind::added);
  EXPECT_THAT(diff.changes[0].reason, HasSubstr("before inside_s 6.2, needs at least 10"));
}

TEST(EventDiff, TellsAnEventThatMoves) {
  const auto before = run_of({zone_event(1, 10, 0.5, 0.5)});
  const auto after = run_of({zone_event(1, 11.5, 2, 2)});
  const auto diff = diff_events(before, after, config_with(TrackNumbers::same));
  ASSERT_THAT(diff.changes, SizeIs(1));
  EXPECT_EQ(diff.changes[0].kind, Kind::moved);
  EXPECT_THAT(diff.changes[0].reason, HasSubstr("1.50 s later: inside_s 2, needs at least 2"));
}

TEST(EventDiff, PairsOtherTrackNumbersOnlyWhereTracksDiffer) {
  const auto before = run_of({zone_event(1, 10, 0.5, 0.5)});
  const auto after = run_of({zone_event(2, 10, 0.5, 0.5)});
  EXPECT_THAT(diff_events(before, after, config_with(TrackNumbers::same)).changes, SizeIs(2));
  EXPECT_THAT(diff_events(before, after, config_with(TrackNumbers::other)).changes, IsEmpty());
}

TEST(EventDiff, PairsEachEventOnceAndTheNearestFirst) {
  const auto before = run_of({zone_event(1, 10, 0.5, 0.5), zone_event(1, 11, 0.5, 0.5)});
  const auto after = run_of({zone_event(1, 11, 0.5, 0.5)});
  const auto diff = diff_events(before, after, config_with(TrackNumbers::same));
  EXPECT_EQ(diff.unchanged, 1U);
  ASSERT_THAT(diff.changes, SizeIs(1));
  EXPECT_EQ(diff.changes[0].event.time, media::from_seconds(10));
}

TEST(Replay, ForgivesMissingEventsOfTheLastFrameOnlyWhereItWasCutOff) {
  RecordedRun recorded;
  recorded.last_frame = 7;
  Event event = zone_event(1, 10, 0.5, 0.5);
  event.frame = 7;
  const auto run = run_of({event});
  EXPECT_FALSE(first_difference(recorded, run));
  recorded.ended = RecordedEnd::Reason::closed;
  EXPECT_TRUE(first_difference(recorded, run));
  recorded.ended.reset();
  recorded.last_frame = 8;
  EXPECT_TRUE(first_difference(recorded, run));
}

}  // namespace
}  // namespace ocelli::engine
