#include "media/internal/stamp_detector.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ocelli::media::internal {

namespace {

// 146 years: every clock in use counts from 1900 at the earliest. Sums and differences of two such stamps still fit.
constexpr std::int64_t kMostStamp = std::int64_t{1} << 62;
constexpr std::int64_t kJump = 2'000'000'000;
constexpr int kWithinPackets = 16;  // order faults count together within so many
constexpr std::int64_t kShortestWrap = 10'000'000'000;

std::int64_t usable_wrap(const TimelineConfig& config) {
  const std::int64_t period = config.wrap_period.value_or(std::chrono::nanoseconds(0)).count();
  return period >= kShortestWrap && period < kMostStamp / 4 ? period : 0;
}

}  // namespace

std::int64_t saturated_difference(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return a < b ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return a < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

StampDetector::StampDetector(const TimelineConfig& config, TimelineCounters& counters)
    : counters_(counters), wrap_period_(usable_wrap(config)), depth_(std::clamp(config.reorder_depth, 0, kDeepest)) {}

std::optional<std::int64_t> StampDetector::sane(std::optional<std::chrono::nanoseconds> stamp) {
  if (!stamp || stamp->count() <= -kMostStamp || stamp->count() >= kMostStamp) return std::nullopt;
  std::int64_t value = stamp->count();
  if (wrap_period_ != 0 && last_) {
    // To within half a period of the newest stamp, as RTP counters are extended (RFC 3550, appendix A.1).
    const std::int64_t turns = static_cast<std::int64_t>(
        std::llround(static_cast<double>(saturated_difference(*last_, value)) / static_cast<double>(wrap_period_)));
    value += turns * wrap_period_;
    if (value <= -kMostStamp || value >= kMostStamp) return std::nullopt;
    if (turns != turns_) ++counters_.wraps;
    turns_ = turns;
  }
  return value;
}

DetectedStamp StampDetector::detect(const PacketStamp& stamp, double period) {
  // A zero far from the last stamp is a field that nobody filled in. Before unwrapping: afterwards it would look near.
  const auto is_blank = [&](const auto& field) {
    return field && field->count() == 0 && last_ && std::abs(*last_) > kJump;
  };
  const bool zero_pts = is_blank(stamp.pts);
  const bool zero_dts = is_blank(stamp.dts);
  if (zero_pts || zero_dts) ++counters_.zero;

  DetectedStamp found;
  if (!zero_pts) found.pts = sane(stamp.pts);
  if (!zero_dts) found.dts = sane(stamp.dts);
  const bool repeats_pts = found.pts && found.pts == last_pts_;
  const bool repeats_dts = found.dts && found.dts == last_dts_;
  if (repeats_pts || repeats_dts) ++counters_.duplicate;
  if (repeats_pts) found.pts.reset();
  if (repeats_dts) found.dts.reset();
  since_missing_ = std::min(since_missing_ + 1, kWithinPackets + 1);
  if (!stamp.pts && !stamp.dts) {
    ++counters_.missing;
    since_missing_ = 0;
  }
  if (stamp.is_reference) learn_depth_from_absence(*stamp.is_reference, stamp.pts || stamp.dts);

  if (found.dts) {
    sees_dts_ = true;
    last_dts_ = found.dts;
  }
  if (found.pts) last_pts_ = found.pts;
  if (found.pts && !found.dts && !sees_dts_) found.dts = decoding_time(*found.pts, stamp.is_key, period);
  if (found.dts && !found.pts && depth_ == 0) found.pts = found.dts;
  if (found.pts || found.dts) last_ = found.pts ? found.pts : found.dts;
  return found;
}

/// The k-th packet is decoded at the (k - depth)-th smallest presentation time: FFmpeg fills in missing dts the same
/// way (libavformat's pts_buffer).
std::int64_t StampDetector::decoding_time(std::int64_t pts, bool is_key, double period) {
  learn_depth(pts, is_key, period);
  if (depth_ == 0) {
    last_decoded_ = pts;
    return pts;
  }
  if (waiting_count_ > 0 && std::abs(pts - waiting_[static_cast<std::size_t>(waiting_count_ - 1)]) > kJump) {
    waiting_count_ = 0;  // another clock: its order starts anew
    last_decoded_.reset();
  }
  auto* const end = waiting_.data() + waiting_count_;
  auto* const place = std::upper_bound(waiting_.data(), end, pts);
  std::move_backward(place, end, end + 1);
  *place = pts;
  ++waiting_count_;
  const std::int64_t smallest = waiting_.front();
  if (waiting_count_ <= depth_) {
    return smallest - static_cast<std::int64_t>((depth_ - waiting_count_ + 1) * period);
  }
  std::move(waiting_.data() + 1, waiting_.data() + waiting_count_, waiting_.data());
  --waiting_count_;
  last_decoded_ = smallest;
  return smallest;
}

/// Small steps back at packets that are no key frames, again and again: more frames are reordered than was declared.
/// One alone is a packet that was overtaken, or a clock that was set.
void StampDetector::learn_depth(std::int64_t pts, bool is_key, double period) {
  constexpr int kFaults = 3;
  since_order_fault_ = std::min(since_order_fault_ + 1, kWithinPackets + 1);
  const std::int64_t back = saturated_difference(last_decoded_.value_or(pts), pts);
  // A frame whose stamp is missing leaves the order of the others one place off for a while.
  const bool full = (depth_ == 0 || waiting_count_ == depth_) && since_missing_ > kWithinPackets;
  if (!full || is_key || back <= 0 || static_cast<double>(back) > kDeepest * period) return;
  order_faults_ = since_order_fault_ > kWithinPackets ? 1 : order_faults_ + 1;
  since_order_fault_ = 0;
  if (order_faults_ < kFaults || depth_ == kDeepest) return;
  order_faults_ = 0;
  ++depth_;
}

/// Stamps on all frames that others refer to, and on none of those that nothing refers to: B-frames of a container that
/// stamps only what it need not reorder.
void StampDetector::learn_depth_from_absence(bool is_reference, bool is_stamped) {
  constexpr int kEnough = 8;
  if (is_reference == is_stamped) {
    bare_frames_ += is_reference ? 0 : 1;
    if (bare_frames_ == kEnough) depth_ = std::max(depth_, 1);
  } else {
    bare_frames_ = 0;
  }
}

}  // namespace ocelli::media::internal
