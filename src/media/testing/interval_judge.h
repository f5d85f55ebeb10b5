#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/testing/packet_simulator.h"

namespace ocelli::media::testing {

/// Frames whose interval to the frame before them (of those that arrived, in order of capture) differs from the true
/// one by more than 20 %. An interval that cannot be formed, for want of a stamp, counts as off.
struct IntervalTally {
  std::uint64_t frames = 0;
  std::uint64_t off = 0;

  void judge(std::int64_t interval, std::int64_t truth);
  double share() const { return frames == 0 ? 0 : static_cast<double>(off) / static_cast<double>(frames); }
  void operator+=(const IntervalTally& other);
};

/// What a run over some cameras showed.
struct TimelineScore {
  static constexpr std::size_t kReasons = 4;
  static constexpr std::size_t kDelayBins = 512;  ///< of 1 ms; the last holds what is longer

  IntervalTally raw;
  IntervalTally repaired;
  IntervalTally weighted_mean;   ///< the mean of 32 intervals weighs .95, after a jump .7
  IntervalTally weighted_stamp;  ///< the stamp weighs .95, after a jump .7
  IntervalTally constant_rate;
  IntervalTally at_gaps_repaired;  ///< of these: intervals of 1.5 and more of the camera's own
  IntervalTally at_gaps_constant;
  std::uint64_t packets = 0;
  std::uint64_t placeholders = 0;
  std::uint64_t order_faults = 0;  ///< must stay 0: dts not increasing, pts < dts, packets lost or doubled
  std::array<std::uint64_t, kReasons> held{};
  std::array<std::int64_t, kReasons> longest_delay{};  ///< ns
  std::array<std::array<std::uint64_t, kDelayBins>, kReasons> delays{};
  TimelineCounters counters;

  void operator+=(const TimelineScore& other);
  /// Upper end of the bin, in ms.
  int delay_percentile(HoldReason reason, double percentile) const;
};

enum class Contest : std::uint8_t { repair_only, with_baselines };

/// Runs one camera through a Timeline under simulated time: packets are pushed when they arrive, deadlines are kept.
TimelineScore run_camera(const CameraMix& mix, std::uint64_t seed, std::chrono::nanoseconds duration, Contest contest);

}  // namespace ocelli::media::testing
