#include "eval/tracking_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "eval/mot_format.h"

namespace ocelli::eval {
namespace {

using std::chrono::milliseconds;

/// Every look at it takes a millisecond.
class TickingClock final : public base::Clock {
 public:
  base::SteadyTime now() const override { return now_ += milliseconds{1}; }
  base::WallTime wall_now() const override { return {}; }
  bool wait_until(base::SteadyTime /*deadline*/, std::stop_token /*stop*/) override { return true; }

 private:
  mutable base::SteadyTime now_;
};

constexpr int kFrames = 20;

/// Somebody who walks, and a flat box that stands still.
Sequence walk() {
  Sequence sequence;
  sequence.name = "walk";
  sequence.info = {.frames = kFrames, .frames_per_second = 25};
  sequence.detections.emplace(kFrames);
  for (int frame = 0; frame < kFrames; ++frame) {
    auto& detections = sequence.detections->at(static_cast<std::size_t>(frame));
    detections.push_back({.box = {100.F + static_cast<float>(frame), 100, 50, 150}, .score = 0.9F});
    detections.push_back({.box = {600, 100, 300, 100}, .score = 0.9F});
  }
  return sequence;
}

base::Result<TrackingRun> run(const Sequence& sequence, Protocol protocol, const std::stop_token& stop = {},
                              Given given = Given::boxes) {
  TickingClock clock;
  return run_tracker(sequence, {}, given, protocol, clock, stop);
}

TEST(TrackingRun, FollowsWhatTheDetectionsShow) {
  const auto outcome = run(walk(), Protocol::dance);
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_FALSE(outcome->results.empty());
  EXPECT_EQ(outcome->results.back().frame, kFrames);
  EXPECT_NEAR(outcome->results.back().box.left, 119, 2);
  for (const auto& result : outcome->results) EXPECT_EQ(result.id, outcome->results[0].id);
}

TEST(TrackingRun, PutsOutFlatBoxesWhereTheProtocolDoes) {
  const auto flat = run(walk(), Protocol::dance);
  const auto all = run(walk(), Protocol::mot15);
  ASSERT_TRUE(flat && all);
  EXPECT_EQ(all->results.size(), 2 * flat->results.size());
}

TEST(TrackingRun, CountsTheTimeInTheTrackerOnly) {
  EXPECT_EQ(run(walk(), Protocol::dance)->time_in_tracker(), kFrames * milliseconds{1});
}

TEST(TrackingRun, TakesOfEachFrameTheFastestTime) {
  TrackingRun run;
  run.in_tracker = {milliseconds{3}, milliseconds{1}};
  TrackingRun again;
  again.in_tracker = {milliseconds{2}, milliseconds{5}};
  run.take_fastest(again);
  EXPECT_EQ(run.time_in_tracker(), milliseconds{2 + 1});
}

TEST(TrackingRun, ScoresWhatIsWritten) {
  const auto outcome = run(walk(), Protocol::mot15);
  ASSERT_TRUE(outcome);
  const auto read = parse_results(format_results(outcome->results), "walk.txt", kFrames);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), outcome->results.size());
  for (std::size_t i = 0; i < read->size(); ++i) {
    EXPECT_EQ(read->at(i).box, outcome->results[i].box);
    EXPECT_EQ(read->at(i).score, outcome->results[i].score);
  }
}

TEST(TrackingRun, PutsBoxesIntoGapsOnlyWhereThatIsWanted) {
  auto hidden = walk();
  for (std::size_t frame = 10; frame < 14; ++frame) hidden.detections->at(frame).clear();
  const auto online = run(hidden, Protocol::dance);
  TickingClock clock;
  const auto filled = run_tracker(hidden, {}, Given::boxes, Protocol::dance, clock, {}, milliseconds{200});
  const auto too_short = run_tracker(hidden, {}, Given::boxes, Protocol::dance, clock, {}, milliseconds{100});
  ASSERT_TRUE(online && filled && too_short);
  EXPECT_EQ(filled->results.size(), online->results.size() + 4);
  EXPECT_EQ(too_short->results.size(), online->results.size());
  const auto inside = std::find_if(filled->results.begin(), filled->results.end(),
                                   [](const ResultBox& result) { return result.frame == 12; });
  ASSERT_NE(inside, filled->results.end());
  EXPECT_NEAR(inside->box.left, 111, 2);
}

/// The picture jumps by more than a person's width in every frame, as the camera's motion says.
Sequence jumps() {
  Sequence sequence;
  sequence.info = {.frames = kFrames, .frames_per_second = 25};
  sequence.detections.emplace(kFrames);
  sequence.motion.resize(kFrames);
  float at = 500;
  for (std::size_t frame = 0; frame < kFrames; ++frame) {
    const float jump = frame % 2 == 0 ? 80.F : -70.F;
    at += jump;
    sequence.motion[frame].x0 = jump;
    sequence.detections->at(frame).push_back({.box = {at, 100, 50, 150}, .score = 0.9F});
  }
  return sequence;
}

TEST(TrackingRun, ShowsTheMotionOfTheCameraOnlyWhereItIsGiven) {
  const auto sequence = jumps();
  const auto boxes = run(sequence, Protocol::mot15, {}, Given::boxes);
  const auto motion = run(sequence, Protocol::mot15, {}, Given::motion);
  ASSERT_TRUE(boxes && motion);
  EXPECT_LT(boxes->results.size(), static_cast<std::size_t>(kFrames) / 2);
  ASSERT_GT(motion->results.size(), static_cast<std::size_t>(kFrames) / 2);
  for (const auto& result : motion->results) EXPECT_EQ(result.id, motion->results[0].id);
}

TEST(TrackingRun, CanBeGivenMotionWhereThereIsSome) {
  std::vector<Sequence> sequences{walk()};
  EXPECT_EQ(what_can_be_given(sequences), std::vector{Given::boxes});
  sequences.push_back(jumps());
  EXPECT_EQ(what_can_be_given(sequences), (std::vector{Given::boxes, Given::motion}));
}

/// Looks down from ten metres: a metre is 100 px, wherever.
constexpr CameraView kFromAbove{.rotation = {1, 0, 0, 0, 1, 0, 0, 0, 1},
                                .translation_mm = {0, 0, 10'000},
                                .intrinsics_px = {1'000, 0, 0, 0, 1'000, 0, 0, 0, 1}};

/// Somebody who is 1.2 m farther down within a frame, in a box that still overlaps.
Sequence leaps() {
  auto sequence = walk();
  constexpr int kLeap = kFrames / 2;
  for (int frame = kLeap; frame < kFrames; ++frame) {
    sequence.detections->at(static_cast<std::size_t>(frame))[0].box.height += 120;
  }
  sequence.camera = kFromAbove;
  return sequence;
}

TEST(TrackingRun, ShowsTheGroundOnlyWhereItIsGiven) {
  const auto ids = [](const base::Result<TrackingRun>& run) {
    std::int64_t most = 0;
    for (const auto& result : run->results) most = std::max(most, result.id);
    return most;
  };
  EXPECT_EQ(ids(run(leaps(), Protocol::mot15, {}, Given::boxes)), 2);
  EXPECT_EQ(ids(run(leaps(), Protocol::mot15, {}, Given::motion)), 2);
  EXPECT_EQ(ids(run(leaps(), Protocol::mot15, {}, Given::camera)), 3);
}

TEST(TrackingRun, KnowsWhatCanBeGivenByName) {
  for (const auto& name : given_names()) EXPECT_EQ(given_name(given_of(name).value_or(Given::boxes)), name);
  EXPECT_FALSE(given_of("everything"));
}

TEST(TrackingRun, CanBeGivenTheCameraWhereOneIsKnown) {
  std::vector<Sequence> sequences{jumps(), leaps()};
  EXPECT_EQ(what_can_be_given(sequences), (std::vector{Given::boxes, Given::motion, Given::camera}));
}

TEST(TrackingRun, EndsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run(walk(), Protocol::dance, stop.get_token()).error().code(), base::Code::cancelled);
}

TEST(TrackingRun, NeedsDetections) {
  auto sequence = walk();
  sequence.detections.reset();
  EXPECT_EQ(run(sequence, Protocol::dance).error().code(), base::Code::invalid);
}

}  // namespace
}  // namespace ocelli::eval
