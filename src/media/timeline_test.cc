#include "media/timeline.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "media/testing/interval_judge.h"

namespace ocelli::media {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TimelineConfig live_config() {
  return {.source = SourceKind::live, .nominal_interval = milliseconds(40)};
}

/// Feeds a timeline and keeps what came out.
struct Bench {
  explicit Bench(const TimelineConfig& config) : timeline(config) {}

  /// A packet that took 20 ms from `captured` on.
  void live(std::uint64_t id, nanoseconds captured, std::optional<nanoseconds> pts) {
    push({.id = id,
          .pts = pts,
          .arrived = base::SteadyTime(seconds(100) + captured + milliseconds(20)),
          .is_key = id == 0});
  }
  void file(std::uint64_t id, std::optional<nanoseconds> pts, std::optional<nanoseconds> dts) {
    push({.id = id, .pts = pts, .dts = dts, .is_key = id == 0});
  }
  void push(const PacketStamp& stamp) {
    timeline.push(stamp, out);
    waits_longest = std::max(waits_longest, stamp.id - (out.empty() ? 0 : out.back().id));
  }
  nanoseconds pts_of(std::uint64_t id) const { return of(id).pts.time_since_epoch(); }
  const TimedPacket& of(std::uint64_t id) const {
    return *std::find_if(out.begin(), out.end(), [&](const TimedPacket& packet) {
      return packet.id == id && packet.quality != TimeQuality::placeholder;
    });
  }
  std::int64_t interval_ms(std::uint64_t id) const {
    return std::chrono::round<milliseconds>(pts_of(id) - pts_of(id - 1)).count();
  }

  Timeline timeline;
  std::vector<TimedPacket> out;
  std::uint64_t waits_longest = 0;
};

nanoseconds at(std::uint64_t frame) {
  return milliseconds(40) * static_cast<std::int64_t>(frame);
}

TEST(Timeline, GivesBackTheStampsOfAFileUnchanged) {
  Bench bench({});
  // Variable rate, with a pause, and B-frames: I P B B P B B.
  const std::vector<std::pair<int, int>> stamps{{100, 20},   {340, 100}, {133, 133},  {199, 199},
                                                {4900, 340}, {405, 405}, {4777, 4777}};
  for (std::size_t i = 0; i < stamps.size(); ++i)
    bench.file(i, milliseconds(stamps[i].first), milliseconds(stamps[i].second));
  bench.timeline.flush(bench.out);
  ASSERT_EQ(bench.out.size(), stamps.size());
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    EXPECT_EQ(bench.out[i].id, i);
    EXPECT_EQ(bench.out[i].pts.time_since_epoch(), milliseconds(stamps[i].first));
    EXPECT_EQ(bench.out[i].dts.time_since_epoch(), milliseconds(stamps[i].second));
    EXPECT_EQ(bench.out[i].quality, TimeQuality::good);
  }
}

TEST(Timeline, KeepsARealGapOfALiveSource) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 50; ++i) bench.live(i, at(i), at(i));
  for (std::uint64_t i = 50; i < 100; ++i) bench.live(i, at(i) + seconds(3), at(i) + seconds(3));
  bench.timeline.flush(bench.out);
  EXPECT_EQ(bench.interval_ms(50), 3040);
  EXPECT_EQ(bench.interval_ms(51), 40);
  EXPECT_EQ(bench.timeline.counters().steps_forward, 0U);
}

TEST(Timeline, TakesAJumpOfTheClockForWhatItIs) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 50; ++i) bench.live(i, at(i), at(i));
  for (std::uint64_t i = 50; i < 100; ++i) bench.live(i, at(i), at(i) + seconds(30));
  for (std::uint64_t i = 100; i < 150; ++i) bench.live(i, at(i), at(i) - hours(1));
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 1; i < 150; ++i) EXPECT_EQ(bench.interval_ms(i), 40) << i;
  EXPECT_EQ(bench.timeline.counters().steps_forward, 1U);
  EXPECT_EQ(bench.timeline.counters().steps_back, 1U);
}

TEST(Timeline, MeasuresTheGapOfARebootByArrival) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 50; ++i) bench.live(i, at(i), at(i) + hours(7));
  for (std::uint64_t i = 50; i < 80; ++i) bench.live(i, at(i) + seconds(25), at(i - 50));
  bench.timeline.flush(bench.out);
  EXPECT_NEAR(static_cast<double>(bench.interval_ms(50)), 25'040, 50);
  EXPECT_EQ(bench.interval_ms(51), 40);
}

TEST(Timeline, UndoesWrapAround) {
  TimelineConfig config = live_config();
  config.wrap_period = kRtpWrapPeriod;
  Bench bench(config);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const nanoseconds stamp = kRtpWrapPeriod - seconds(2) + at(i);
    bench.live(i, at(i), stamp >= kRtpWrapPeriod ? stamp - kRtpWrapPeriod : stamp);
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 1; i < 100; ++i) EXPECT_EQ(bench.interval_ms(i), 40) << i;
  EXPECT_EQ(bench.timeline.counters().wraps, 1U);
  EXPECT_EQ(bench.timeline.counters().steps_back, 0U);
}

TEST(Timeline, FillsInMissingZeroAndDuplicateStampsAndSpikes) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 200; ++i) {
    std::optional<nanoseconds> pts = at(i) + hours(5);
    if (i == 60) pts.reset();
    if (i == 80) pts = nanoseconds(0);
    if (i == 100) pts = at(i - 1) + hours(5);
    if (i == 120) pts = hours(900);
    bench.live(i, at(i), pts);
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 1; i < 200; ++i) EXPECT_EQ(bench.interval_ms(i), 40) << i;
  const auto& counters = bench.timeline.counters();
  EXPECT_EQ(counters.missing, 1U);
  EXPECT_EQ(counters.zero, 1U);
  EXPECT_EQ(counters.duplicate, 1U);
  EXPECT_EQ(counters.spikes, 1U);
  for (const std::uint64_t id : {60, 80, 100, 120}) EXPECT_EQ(bench.of(id).quality, TimeQuality::interpolated) << id;
}

TEST(Timeline, FindsThePlaceOfBFramesWithoutPts) {
  TimelineConfig config;
  config.nominal_interval = milliseconds(40);
  config.reorder_depth = 1;
  Bench bench(config);
  bench.file(0, at(1), at(0));
  for (std::uint64_t group = 0; group < 20; ++group) {
    const std::uint64_t first = 1 + group * 3;
    bench.file(first, at(first + 3), at(first));
    bench.file(first + 1, std::nullopt, at(first + 1));
    bench.file(first + 2, std::nullopt, at(first + 2));
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t group = 0; group < 20; ++group) {
    const std::uint64_t first = 1 + group * 3;
    EXPECT_EQ(bench.pts_of(first + 1), at(first + 1));
    EXPECT_EQ(bench.pts_of(first + 2), at(first + 2));
  }
  EXPECT_EQ(bench.timeline.counters().missing_pts, 40U);
}

TEST(Timeline, PutsAReferenceFrameWithoutStampsBehindItsBFrames) {
  TimelineConfig config = live_config();
  config.reorder_depth = 1;
  Bench bench(config);
  const auto push = [&](std::uint64_t id, std::optional<nanoseconds> pts, std::uint64_t order, bool is_reference) {
    bench.push({.id = id,
                .pts = pts,
                .arrived = base::SteadyTime(seconds(1) + at(order)),
                .is_key = id == 0,
                .is_reference = is_reference});
  };
  push(0, at(0), 0, true);
  for (std::uint64_t first = 1; first < 91; first += 3) {
    push(first + 2, first == 46 ? std::optional<nanoseconds>() : at(first + 2), first + 2, true);
    push(first, at(first), first + 2, false);
    push(first + 1, at(first + 1), first + 2, false);
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 10; i < 91; ++i) EXPECT_NEAR(static_cast<double>(bench.interval_ms(i)), 40, 3) << i;
}

TEST(Timeline, PutsAnOvertakenPacketBack) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i == 70) continue;
    bench.live(i, at(i), at(i));
    if (i == 71) bench.live(70, at(71) + milliseconds(2), at(70));
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 1; i < 100; ++i) EXPECT_EQ(bench.interval_ms(i), 40) << i;
  EXPECT_EQ(bench.of(70).quality, TimeQuality::reordered);
  EXPECT_EQ(bench.timeline.counters().reordered, 1U);
}

TEST(Timeline, MarksWhatWasLostAndTrustsAgainFromTheNextKeyFrame) {
  Bench bench(live_config());
  const auto push = [&](std::uint64_t i, bool loss) {
    bench.push({.id = i,
                .pts = at(i),
                .arrived = base::SteadyTime(seconds(9) + at(i)),
                .is_key = i % 50 == 0,
                .follows_loss = loss});
  };
  for (std::uint64_t i = 0; i < 60; ++i) push(i, false);
  for (std::uint64_t i = 63; i < 120; ++i) push(i, i == 63);
  bench.timeline.flush(bench.out);
  const auto holes = std::count_if(bench.out.begin(), bench.out.end(), [](const TimedPacket& packet) {
    return packet.quality == TimeQuality::placeholder && packet.pts > MediaTime(at(59)) &&
           packet.pts < MediaTime(at(63));
  });
  EXPECT_EQ(holes, 3);
  EXPECT_FALSE(bench.of(59).lacks_reference);
  EXPECT_TRUE(bench.of(63).lacks_reference);
  EXPECT_TRUE(bench.of(99).lacks_reference);
  EXPECT_FALSE(bench.of(100).lacks_reference);
}

TEST(Timeline, FlagsAStreamThatBeginsWithoutItsKeyFrame) {
  Bench bench(live_config());
  for (std::uint64_t i = 1; i < 10; ++i) bench.live(i, at(i), at(i));
  ASSERT_GE(bench.out.size(), 2U);
  EXPECT_EQ(bench.out[0].quality, TimeQuality::placeholder);
  EXPECT_TRUE(bench.out[1].lacks_reference);
  EXPECT_EQ(bench.timeline.counters().missing_heads, 1U);
}

TEST(Timeline, SmoothsStampsThatAreTakenWhenAFrameIsEncoded) {
  Bench bench(live_config());
  testing::Random random(1);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const bool is_key = i % 50 == 0;
    const auto late = nanoseconds(static_cast<std::int64_t>(random.uniform(0, 8e6) + (is_key ? 25e6 : 0)));
    bench.push(
        {.id = i, .pts = at(i) + late, .arrived = base::SteadyTime(at(i) + late + seconds(1)), .is_key = is_key});
  }
  bench.timeline.flush(bench.out);
  for (std::uint64_t i = 600; i < 2000; ++i) {
    EXPECT_NEAR(static_cast<double>((bench.pts_of(i) - bench.pts_of(i - 1)).count()), 40e6, 4e6) << i;
  }
}

TEST(Timeline, LeavesATrulyVariableRateAlone) {
  Bench bench(live_config());
  testing::Random random(2);
  nanoseconds captured{0};
  std::vector<nanoseconds> truth;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    captured += nanoseconds(static_cast<std::int64_t>(random.uniform(30e6, 90e6)));
    truth.push_back(captured);
    bench.live(i, captured, captured);
  }
  bench.timeline.flush(bench.out);
  int off = 0;
  for (std::uint64_t i = 1; i < 1000; ++i) {
    off += std::abs(((bench.pts_of(i) - bench.pts_of(i - 1)) - (truth[i] - truth[i - 1])).count()) > 1'000'000 ? 1 : 0;
  }
  EXPECT_EQ(off, 0);
}

TEST(Timeline, FollowsTheArrivalClockAtFiveHundredPpmAtMost) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 90'000; ++i)
    bench.live(i, at(i), at(i) + nanoseconds(static_cast<std::int64_t>(i) * 8'000));
  bench.timeline.flush(bench.out);
  // A clock that is fast by 200 ppm gains .72 s in an hour; the output keeps within 10 ms.
  EXPECT_NEAR(static_cast<double>((bench.pts_of(89'999) - at(89'999)).count()), 0, 10e6);
}

TEST(Timeline, HandsOverWhatItHoldsAtItsDeadline) {
  Bench bench(live_config());
  for (std::uint64_t i = 0; i < 30; ++i) bench.live(i, at(i), at(i));
  bench.out.clear();
  bench.live(30, at(30), std::nullopt);
  EXPECT_TRUE(bench.out.empty());
  const auto deadline = bench.timeline.deadline();
  ASSERT_TRUE(deadline);
  EXPECT_EQ(*deadline, base::SteadyTime(seconds(100) + at(30) + milliseconds(20) + hold_bound(HoldReason::stamp)));
  bench.timeline.expire(*deadline - nanoseconds(1), bench.out);
  EXPECT_TRUE(bench.out.empty());
  bench.timeline.expire(*deadline, bench.out);
  EXPECT_EQ(bench.out.size(), 1U);
  EXPECT_FALSE(bench.timeline.deadline());
}

// The short form of bench/timeline_bench.
TEST(Timeline, RepairsAFleetOfCamerasToTheTrueTimesOfCapture) {
  testing::TimelineScore score;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    score += run_camera(testing::everyday_mix(), seed, std::chrono::minutes(30), testing::Contest::with_baselines);
  }
  EXPECT_GT(score.raw.share(), 0.05);
  EXPECT_LT(score.repaired.share(), 0.002);
  EXPECT_LT(score.repaired.share() * 10, score.weighted_mean.share());
  EXPECT_LT(score.at_gaps_repaired.share(), 0.02);
  EXPECT_GT(score.at_gaps_constant.share(), 0.9);
  EXPECT_EQ(score.order_faults, 0U);
  for (const auto reason : {HoldReason::none, HoldReason::order, HoldReason::loss, HoldReason::stamp}) {
    EXPECT_LE(score.longest_delay[static_cast<std::size_t>(reason)], hold_bound(reason).count());
  }
}

// ---- whatever comes ----

/// A stamp near its neighbours, or anything at all.
rc::Gen<std::optional<nanoseconds>> any_stamp() {
  using Limits = std::numeric_limits<std::int64_t>;
  const auto some = rc::gen::weightedOneOf<std::int64_t>(
      {{6, rc::gen::map(rc::gen::inRange(0, 100), [](int frame) { return frame * std::int64_t{40'000'000}; })},
       {2, rc::gen::inRange<std::int64_t>(-5'000'000'000, 5'000'000'000)},
       {1, rc::gen::arbitrary<std::int64_t>()},
       {1, rc::gen::element<std::int64_t>(Limits::min(), Limits::max(), Limits::min() + 1, 0, 1, -1, Limits::max() / 2,
                                          Limits::min() / 2)}});
  return rc::gen::map(rc::gen::pair(some, rc::gen::inRange(0, 5)), [](const std::pair<std::int64_t, int>& drawn) {
    return drawn.second == 0 ? std::optional<nanoseconds>() : nanoseconds(drawn.first);
  });
}

TEST(TimelineProperty, HoldsItsPromisesForAnyStamps) {
  rc::check([] {
    TimelineConfig config;
    config.source = *rc::gen::element(SourceKind::file, SourceKind::live);
    config.nominal_interval = *any_stamp();
    config.wrap_period = *any_stamp();
    config.reorder_depth = *rc::gen::inRange(-2, 20);
    config.longest_file_gap = (*any_stamp()).value_or(hours(1));
    Timeline timeline(config);
    const int count = *rc::gen::inRange(0, 200);
    std::vector<TimedPacket> out;
    std::int64_t arrived = 0;
    base::SteadyTime latest;
    for (int i = 0; i < count; ++i) {
      const auto arrival = *rc::gen::weightedOneOf<std::int64_t>(
          {{9, rc::gen::inRange<std::int64_t>(0, 100'000'000)}, {1, rc::gen::arbitrary<std::int64_t>()}});
      if (__builtin_add_overflow(arrived, arrival, &arrived)) arrived = 0;
      const base::SteadyTime now{nanoseconds(arrived)};
      if (i == 0 || now > latest) latest = std::min(now, base::SteadyTime::max() - seconds(1));
      timeline.push({.id = static_cast<std::uint64_t>(i),
                     .pts = *any_stamp(),
                     .dts = *any_stamp(),
                     .arrived = now,
                     .is_key = *rc::gen::inRange(0, 10) == 0,
                     .is_reference = *rc::gen::arbitrary<bool>(),
                     .follows_loss = *rc::gen::inRange(0, 20) == 0},
                    out);
      RC_ASSERT(config.source == SourceKind::live || !timeline.deadline());
      if (const auto deadline = timeline.deadline()) {
        RC_ASSERT(*deadline <= latest + hold_bound(HoldReason::stamp));
      }
    }
    timeline.flush(out);
    std::set<std::uint64_t> ids;
    std::set<MediaTime> times;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i > 0) RC_ASSERT(out[i].dts > out[i - 1].dts);  // RC_ASSERT evaluates both sides of an "or"
      RC_ASSERT(out[i].pts >= out[i].dts);
      RC_ASSERT(times.insert(out[i].pts).second);
      if (out[i].quality != TimeQuality::placeholder) RC_ASSERT(ids.insert(out[i].id).second);
    }
    RC_ASSERT(ids.size() == static_cast<std::size_t>(count));
  });
}

TEST(TimelineProperty, NeverChangesAConsistentFile) {
  rc::check([] {
    Bench bench({.source = SourceKind::file, .reorder_depth = *rc::gen::inRange(0, 3)});
    nanoseconds dts{*rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000)};
    std::vector<std::pair<nanoseconds, nanoseconds>> stamps;
    std::set<nanoseconds> taken;
    const int count = *rc::gen::inRange(1, 150);
    for (int i = 0; i < count; ++i) {
      // From a tenth of a millisecond to three seconds.
      dts += nanoseconds(
          *rc::gen::inRange<std::int64_t>(100'000, *rc::gen::element<std::int64_t>(50'000'000, 3'000'000'000)));
      nanoseconds pts = dts + nanoseconds(*rc::gen::inRange<std::int64_t>(0, 200'000'000));
      while (taken.contains(pts)) pts += nanoseconds(1);
      if (pts.count() == 0 || dts.count() == 0) continue;  // which in mid-stream counts as a field left empty
      taken.insert(pts);
      stamps.emplace_back(pts, dts);
      bench.file(stamps.size() - 1, pts, dts);
    }
    bench.timeline.flush(bench.out);
    std::erase_if(bench.out, [](const TimedPacket& packet) { return packet.quality == TimeQuality::placeholder; });
    RC_ASSERT(bench.out.size() == stamps.size());
    for (std::size_t i = 0; i < stamps.size(); ++i) {
      RC_ASSERT(bench.out[i].pts.time_since_epoch() == stamps[i].first);
      RC_ASSERT(bench.out[i].dts.time_since_epoch() == stamps[i].second);
    }
  });
}

}  // namespace
}  // namespace ocelli::media
