#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "media/timeline.h"

namespace ocelli::media::internal {

/// a - b, held at the ends of the range instead of overflowing.
std::int64_t saturated_difference(std::int64_t a, std::int64_t b);
std::int64_t saturated_sum(std::int64_t a, std::int64_t b);

/// A packet's stamps after stage 1, in nanoseconds: only what can be believed for itself is left.
struct DetectedStamp {
  std::optional<std::int64_t> dts;
  std::optional<std::int64_t> pts;
};

/// Stage 1: undoes wrap-around, takes away stamps that say nothing (absurd, zero in mid-stream, repeated), and finds
/// the decoding time where the source gives only presentation times.
class StampDetector {
 public:
  StampDetector(const TimelineConfig& config, TimelineCounters& counters);

  /// `period`: the frame interval as known by now, in nanoseconds.
  DetectedStamp detect(const PacketStamp& stamp, double period);

 private:
  static constexpr int kDeepest = 16;  ///< H.264 and H.265 allow no more

  std::optional<std::int64_t> sane(std::optional<std::chrono::nanoseconds> stamp);
  std::int64_t decoding_time(std::int64_t pts, bool is_key, double period);
  void learn_depth_from_absence(bool is_reference, bool is_stamped);
  void learn_depth(std::int64_t pts, bool is_key, double period);

  TimelineCounters& counters_;
  const std::int64_t wrap_period_;  ///< 0: none
  int depth_;
  std::int64_t turns_ = 0;  ///< wrap-arounds so far
  bool sees_dts_ = false;
  int order_faults_ = 0;
  int since_missing_ = 0;             ///< packets since one without stamps
  int bare_frames_ = 0;               ///< without stamps, that nothing refers to, since a sign to the contrary
  int since_order_fault_ = 0;         ///< packets
  std::optional<std::int64_t> last_;  ///< newest stamp believed, unwrapped
  std::optional<std::int64_t> last_dts_;
  std::optional<std::int64_t> last_pts_;
  std::array<std::int64_t, kDeepest + 1> waiting_{};  ///< pts that later packets' dts come from, ascending
  int waiting_count_ = 0;
  std::optional<std::int64_t> last_decoded_;  ///< newest dts that was found so
};

}  // namespace ocelli::media::internal
