#pragma once

#include <cstdint>
#include <limits>

namespace ocelli::media::internal {

/// Stage 2: lays the source's axis on the output axis (aligned = stamp + offset), and for live sources keeps that axis
/// near the arrival clock.
///
/// Transit = arrival - aligned. A network delays and never hastens, so the smallest transit of the last seconds is the
/// best view of the clocks' distance, and a packet far below it has a stamp that is wrong, not a lucky way. The
/// windowed minimum is that of GStreamer's rtpjitterbuffer (F. Fober, Y. Orlarey, S. Letz, "Real Time Clock Skew
/// Estimation over Network Delays", 2005); here two buckets take the place of a sliding window. All times in
/// nanoseconds.
class ClockAlignment {
 public:
  std::int64_t to_aligned(std::int64_t stamp) const;
  /// Moves the offset: a new clock at the source.
  void step(std::int64_t by);

  /// Learns from a packet whose place is settled.
  void observe(std::int64_t aligned, std::int64_t arrival);
  /// True when the stamp lies further in the future than any network could excuse.
  bool is_ahead(std::int64_t aligned, std::int64_t arrival, std::int64_t tolerance) const;
  /// The latest time at which what arrives now can have been captured. `fallback` while nothing is known.
  std::int64_t latest_capture(std::int64_t arrival, std::int64_t fallback) const;

 private:
  void follow_drift(std::int64_t arrival);

  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();

  std::int64_t offset_ = 0;
  std::int64_t bucket_end_ = 0;
  std::int64_t previous_minimum_ = kUnknown;
  std::int64_t current_minimum_ = kUnknown;
  std::int64_t reference_ = kUnknown;  ///< the transit of the first seconds: the distance that is kept
  std::int64_t last_arrival_ = 0;
};

}  // namespace ocelli::media::internal
