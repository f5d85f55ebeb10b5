#include "media/testing/interval_judge.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ocelli::media::testing {

namespace {

constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

/// The anchor's weighted mean, read as: the next interval is the mean of the last 32 weighed against the stamps'
/// own interval, .95 : .05, and .7 : .3 at a jump of more than 2 s. `mean_weight` turns the reading round.
class WeightedMean {
 public:
  enum class Heavy : std::uint8_t { mean, stamp };
  explicit WeightedMean(Heavy heavy) : heavy_(heavy) {}

  std::int64_t interval(std::int64_t stamp) {
    constexpr std::int64_t kJump = 2'000'000'000;
    const bool knows = stamp != kUnknown && last_ != kUnknown;
    const std::int64_t own = knows ? stamp - last_ : 0;
    if (stamp != kUnknown) last_ = stamp;
    const double mean = count_ == 0 ? static_cast<double>(own) : sum_ / static_cast<double>(count_);
    if (!knows) return static_cast<std::int64_t>(mean);
    const bool jumps = std::abs(own) > kJump;
    const double weight = jumps ? 0.7 : 0.95;
    const double of_mean = heavy_ == Heavy::mean ? weight : 1 - weight;
    if (!jumps && own > 0) remember(static_cast<double>(own));
    return static_cast<std::int64_t>(of_mean * mean + (1 - of_mean) * static_cast<double>(own));
  }

 private:
  void remember(double own) {
    double& place = window_[next_++ % window_.size()];
    sum_ += own - place;
    place = own;
    count_ = std::min(count_ + 1, window_.size());
  }

  const Heavy heavy_;
  std::array<double, 32> window_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  double sum_ = 0;
  std::int64_t last_ = kUnknown;
};

/// Collects what is known of each frame, and judges in order of capture once nothing older can come.
class IntervalJudge {
 public:
  IntervalJudge(double base_interval, Contest contest, TimelineScore& score)
      : base_interval_(base_interval), contest_(contest), score_(score) {}

  void arrived(const SimulatedPacket& packet) {
    const std::uint64_t number = packet.stamp.id;
    while (newest_ + 1 <= number) {
      ++newest_;
      if (newest_ >= kFrames) judge(newest_ - kFrames);
      frame(newest_) = {};
    }
    Entry& entry = frame(number);
    entry.here = true;
    entry.truth = packet.captured;
    entry.raw = packet.stamp.pts ? packet.stamp.pts->count() : kUnknown;
    entry.arrival = packet.stamp.arrived.time_since_epoch().count();
  }

  void repaired(const TimedPacket& packet, std::int64_t now) {
    const std::int64_t dts = packet.dts.time_since_epoch().count();
    const std::int64_t pts = packet.pts.time_since_epoch().count();
    if (dts <= last_dts_ || pts < dts) ++score_.order_faults;
    last_dts_ = dts;
    if (packet.quality == TimeQuality::placeholder) {
      ++score_.placeholders;
      return;
    }
    Entry& entry = frame(packet.id);
    if (!entry.here || entry.out != kUnknown) ++score_.order_faults;
    entry.out = pts;
    const auto reason = static_cast<std::size_t>(packet.held_for);
    const std::int64_t delay = now - entry.arrival;
    ++score_.held[reason];
    score_.longest_delay[reason] = std::max(score_.longest_delay[reason], delay);
    const auto bin = std::min<std::size_t>(static_cast<std::size_t>(delay / 1'000'000), TimelineScore::kDelayBins - 1);
    ++score_.delays[reason][bin];
  }

  void finish() {
    const std::uint64_t first = newest_ >= kFrames ? newest_ - kFrames + 1 : 0;
    for (std::uint64_t number = first; number <= newest_; ++number) judge(number);
  }

 private:
  static constexpr std::size_t kFrames = 1024;

  struct Entry {
    bool here = false;
    std::int64_t truth = 0;
    std::int64_t raw = kUnknown;
    std::int64_t out = kUnknown;
    std::int64_t arrival = 0;
  };

  Entry& frame(std::uint64_t number) { return frames_[number % kFrames]; }

  void judge(std::uint64_t number) {
    const Entry entry = frame(number);
    if (!entry.here) return;
    if (entry.out == kUnknown) ++score_.order_faults;
    const std::int64_t by_mean = contest_ == Contest::with_baselines ? mean_.interval(entry.raw) : 0;
    const std::int64_t by_stamp = contest_ == Contest::with_baselines ? stamp_.interval(entry.raw) : 0;
    if (before_.here) {
      const std::int64_t truth = entry.truth - before_.truth;
      const bool has_raw = entry.raw != kUnknown && before_.raw != kUnknown;
      score_.raw.judge(has_raw ? entry.raw - before_.raw : kUnknown, truth);
      score_.repaired.judge(entry.out - before_.out, truth);
      const bool at_gap = static_cast<double>(truth) > 1.5 * base_interval_;
      if (at_gap) score_.at_gaps_repaired.judge(entry.out - before_.out, truth);
      if (contest_ == Contest::with_baselines) {
        const auto constant = static_cast<std::int64_t>(base_interval_);
        score_.weighted_mean.judge(by_mean, truth);
        score_.weighted_stamp.judge(by_stamp, truth);
        score_.constant_rate.judge(constant, truth);
        if (at_gap) score_.at_gaps_constant.judge(constant, truth);
      }
    }
    before_ = entry;
  }

  const double base_interval_;
  const Contest contest_;
  TimelineScore& score_;
  std::array<Entry, kFrames> frames_{};
  std::uint64_t newest_ = 0;
  Entry before_;
  std::int64_t last_dts_ = kUnknown;
  WeightedMean mean_{WeightedMean::Heavy::mean};
  WeightedMean stamp_{WeightedMean::Heavy::stamp};
};

void add(TimelineCounters& sum, const TimelineCounters& other) {
  sum.packets += other.packets;
  sum.missing += other.missing;
  sum.missing_pts += other.missing_pts;
  sum.zero += other.zero;
  sum.duplicate += other.duplicate;
  sum.spikes += other.spikes;
  sum.wraps += other.wraps;
  sum.steps_back += other.steps_back;
  sum.steps_forward += other.steps_forward;
  sum.smoothed += other.smoothed;
  sum.reordered += other.reordered;
  sum.late += other.late;
  sum.pts_before_dts += other.pts_before_dts;
  sum.collisions += other.collisions;
  sum.losses += other.losses;
  sum.placeholders += other.placeholders;
  sum.missing_heads += other.missing_heads;
}

}  // namespace

void IntervalTally::judge(std::int64_t interval, std::int64_t truth) {
  ++frames;
  const bool is_off = interval == kUnknown || std::abs(static_cast<double>(interval) - static_cast<double>(truth)) >
                                                  0.2 * static_cast<double>(truth);
  off += is_off ? 1 : 0;
}

void IntervalTally::operator+=(const IntervalTally& other) {
  frames += other.frames;
  off += other.off;
}

void TimelineScore::operator+=(const TimelineScore& other) {
  raw += other.raw;
  repaired += other.repaired;
  weighted_mean += other.weighted_mean;
  weighted_stamp += other.weighted_stamp;
  constant_rate += other.constant_rate;
  at_gaps_repaired += other.at_gaps_repaired;
  at_gaps_constant += other.at_gaps_constant;
  packets += other.packets;
  placeholders += other.placeholders;
  order_faults += other.order_faults;
  for (std::size_t reason = 0; reason < kReasons; ++reason) {
    held[reason] += other.held[reason];
    longest_delay[reason] = std::max(longest_delay[reason], other.longest_delay[reason]);
    for (std::size_t bin = 0; bin < kDelayBins; ++bin) delays[reason][bin] += other.delays[reason][bin];
  }
  add(counters, other.counters);
}

int TimelineScore::delay_percentile(HoldReason reason, double percentile) const {
  const auto& bins = delays[static_cast<std::size_t>(reason)];
  const auto wanted = static_cast<double>(held[static_cast<std::size_t>(reason)]) * percentile;
  double seen = 0;
  for (std::size_t bin = 0; bin < kDelayBins; ++bin) {
    seen += static_cast<double>(bins[bin]);
    if (seen >= wanted) return static_cast<int>(bin) + 1;
  }
  return static_cast<int>(kDelayBins);
}

TimelineScore run_camera(const CameraMix& mix, std::uint64_t seed, std::chrono::nanoseconds duration, Contest contest) {
  TimelineScore score;
  PacketSimulator simulator(mix, seed, duration);
  Timeline timeline(simulator.config());
  IntervalJudge judge(simulator.base_interval(), contest, score);
  std::vector<TimedPacket> out;
  SimulatedPacket packet;
  base::SteadyTime now;
  const auto hand_over = [&](base::SteadyTime at) {
    for (const TimedPacket& timed : out) judge.repaired(timed, at.time_since_epoch().count());
    out.clear();
  };
  while (simulator.next(packet)) {
    now = packet.stamp.arrived;
    for (auto due = timeline.deadline(); due && *due < now; due = timeline.deadline()) {
      timeline.expire(*due, out);
      hand_over(*due);
    }
    judge.arrived(packet);
    timeline.push(packet.stamp, out);
    hand_over(now);
    ++score.packets;
  }
  timeline.flush(out);
  hand_over(now);
  judge.finish();
  score.counters = timeline.counters();
  return score;
}

}  // namespace ocelli::media::testing
