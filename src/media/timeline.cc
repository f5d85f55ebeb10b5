#include "media/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "media/internal/timeline_core.h"

namespace ocelli::media {
namespace {

using internal::Decision;
using internal::HeldPacket;
using internal::kLongGapSlots;
using internal::kTimelineJump;
using internal::saturated_difference;
using internal::saturated_sum;

constexpr std::int64_t kMostArrival = std::int64_t{1} << 61;
constexpr std::int64_t kMostAligned = std::int64_t{1} << 62;  // leaves room for what is added to times from here on
/// However far before its pts a frame says that it is decoded: those after it need room, too.
constexpr std::int64_t kMostPresented = kMostAligned + (std::int64_t{1} << 61);
constexpr std::size_t kFileLookahead = 8;
constexpr int kMostPlaceholders = 16;
constexpr std::uint32_t kStamplessRun = 16;

}  // namespace

// ---- in ----

std::int64_t Timeline::Core::since_first(base::SteadyTime arrived) {
  if (!live_) return 0;
  if (!first_arrival_) first_arrival_ = arrived;
  const std::int64_t since =
      saturated_difference(arrived.time_since_epoch().count(), first_arrival_->time_since_epoch().count());
  last_arrival_ = std::clamp(since, last_arrival_, kMostArrival);
  return last_arrival_;
}

HeldPacket Timeline::Core::align(const PacketStamp& stamp, std::int64_t arrival) {
  const internal::DetectedStamp found = detector_.detect(stamp, rate_.period());
  HeldPacket packet;
  packet.id = stamp.id;
  packet.arrival = arrival;
  packet.is_key = stamp.is_key;
  packet.is_reference = stamp.is_reference;
  packet.follows_loss = stamp.follows_loss;
  if (found.dts && !has_clock_) {
    if (live_) clock_.step(saturated_difference(arrival, *found.dts));
    has_clock_ = true;
  }
  stampless_run_ = found.dts || found.pts ? 0 : stampless_run_ + 1;
  packet.has_dts = found.dts.has_value();
  packet.has_pts = found.pts.has_value();
  packet.dts = std::clamp(clock_.to_aligned(found.dts.value_or(0)), -kMostAligned, kMostAligned);
  packet.pts = std::clamp(clock_.to_aligned(found.pts.value_or(0)), -kMostAligned, kMostAligned);
  if (live_ && stampless_run_ > 0 && (!has_clock_ || stampless_run_ > kStamplessRun)) {
    packet.dts = packet.pts = clock_.latest_capture(arrival, arrival);
    packet.has_dts = packet.has_pts = packet.from_arrival = true;
  }
  if (packet.has_dts && packet.has_pts && live_ && saturated_difference(packet.pts, packet.dts) > kTimelineJump) {
    packet.has_pts = false;
  }
  if (packet.has_dts && packet.has_pts && packet.pts > packet.dts) {
    reorders_ = true;
    rate_.stop_smoothing();  // an encoder that reorders carries the times of capture along; it has no others
  }
  return packet;
}

void Timeline::Core::push(const PacketStamp& stamp, std::vector<TimedPacket>& out) {
  const std::int64_t now = since_first(stamp.arrived);
  if (held_count_ > 0) settle(now, out);  // what was due before this packet came does not profit from it
  ++counters_.packets;
  insert(align(stamp, now));
  settle(now, out);
}

/// At the end; or, where the oldest packet waits behind a gap that this one fits into, before it.
void Timeline::Core::insert(const HeldPacket& packet) {
  std::size_t place = held_count_;
  const bool fits =
      gap_is_open_ && packet.has_dts && packet.dts > last_ + static_cast<std::int64_t>(0.3 * rate_.period());
  while (fits && place > 0 && held(place - 1).has_dts && held(place - 1).dts > packet.dts) --place;
  ++held_count_;
  for (std::size_t i = held_count_ - 1; i > place; --i) held(i) = held(i - 1);
  held(place) = packet;
  if (place + 1 == held_count_) return;
  held(place).moved = true;
  held(place).reason = held(place + 1).reason;
  if (packet.follows_loss) {
    held(place).follows_loss = held(place + 1).follows_loss;
    held(place + 1).follows_loss = true;
  } else {
    std::swap(held(place).follows_loss, held(place + 1).follows_loss);
  }
  ++counters_.reordered;
}

void Timeline::Core::expire(base::SteadyTime now, std::vector<TimedPacket>& out) {
  if (live_ && held_count_ > 0) settle(since_first(now), out);
}

void Timeline::Core::flush(std::vector<TimedPacket>& out) {
  while (held_count_ > 0) emit(decide(Patience::forced), out);
}

std::optional<base::SteadyTime> Timeline::Core::deadline() const {
  if (!live_ || held_count_ == 0) return std::nullopt;
  return base::SteadyTime(std::chrono::nanoseconds(saturated_sum(first_arrival_->time_since_epoch().count(), due())));
}

void Timeline::Core::settle(std::int64_t now, std::vector<TimedPacket>& out) {
  while (held_count_ > 0) {
    Decision decision = decide(Patience::waits);
    if (decision.hold != HoldReason::none) {
      if (may_wait(decision.hold, now)) return;
      decision = decide(Patience::forced);
    }
    emit(decision, out);
  }
}

/// The earliest bound of all that is held: a packet put back in its place stands before some that came earlier.
std::int64_t Timeline::Core::due() const {
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < held_count_; ++i) {
    earliest = std::min(earliest, held(i).arrival + hold_bound(held(i).reason).count());
  }
  return earliest;
}

bool Timeline::Core::may_wait(HoldReason reason, std::int64_t now) {
  for (std::size_t i = 0; i < held_count_; ++i) held(i).reason = std::max(held(i).reason, reason);
  if (held_count_ == kMostHeld) return false;
  return live_ ? due() > now : held_count_ < kFileLookahead;
}

// ---- out ----

void Timeline::Core::emit(const Decision& decision, std::vector<TimedPacket>& out) {
  const HeldPacket packet = held(0);
  const bool was_on_grid = std::exchange(on_grid_, rate_.on_grid()) || rate_.on_grid();
  const bool head_is_missing = !started_ && !packet.is_key;
  if (packet.follows_loss || head_is_missing) {
    ++(head_is_missing ? counters_.missing_heads : counters_.losses);
    lacks_reference_ = true;
  }
  if (packet.is_key) lacks_reference_ = false;
  if (!decision.is_late) emit_placeholders(decision, packet, out);

  std::int64_t dts = decision.position;
  if (dts <= last_dts_) {
    dts = last_dts_ + 1;
    ++counters_.collisions;
  }
  const std::int64_t pts = presentation(packet, decision, dts);
  last_dts_ = dts;
  presented_.forget_before(dts);
  if (decision.is_late) ++counters_.late;

  TimedPacket timed{packet.id,
                    MediaTime(std::chrono::nanoseconds(pts)),
                    MediaTime(std::chrono::nanoseconds(dts)),
                    decision.quality,
                    packet.reason,
                    lacks_reference_};
  const double moved = std::abs(static_cast<double>(decision.position - packet.dts));
  if (rate_.on_grid() && decision.trusts_stamp && decision.quality == TimeQuality::good &&
      moved > 0.1 * rate_.period()) {
    timed.quality = TimeQuality::restamped;
    ++counters_.smoothed;
  }
  out.push_back(timed);
  learn(packet, decision);
  first_held_ = (first_held_ + 1) % kMostHeld;
  --held_count_;
  if (const std::int64_t slip = rate_.take_slip(); slip != 0) move_clock(slip);
  // Off the grid the stamps go on from where the output is.
  if (was_on_grid && !rate_.on_grid() && packet.has_dts) move_clock(saturated_difference(last_, packet.dts));
}

void Timeline::Core::emit_placeholders(const Decision& decision, const HeldPacket& packet,
                                       std::vector<TimedPacket>& out) {
  const auto period = static_cast<std::int64_t>(rate_.period());
  if (!started_) {
    if (!packet.is_key) put_placeholder(saturated_difference(decision.position, period), packet, out);
    return;
  }
  if (!packet.follows_loss || decision.slots < 2) return;
  const int lost = std::min(decision.slots - 1, kMostPlaceholders);
  const std::int64_t step = saturated_difference(decision.position, last_) / decision.slots;
  for (int i = 1; i <= lost; ++i) put_placeholder(last_ + i * step, packet, out);
}

void Timeline::Core::put_placeholder(std::int64_t at, const HeldPacket& packet, std::vector<TimedPacket>& out) {
  const std::int64_t dts = std::max(at, last_dts_ == std::numeric_limits<std::int64_t>::min() ? at : last_dts_ + 1);
  const std::int64_t pts = presented_.take(dts);
  last_dts_ = dts;
  presented_.forget_before(dts);
  ++counters_.placeholders;
  out.push_back({packet.id, MediaTime(std::chrono::nanoseconds(pts)), MediaTime(std::chrono::nanoseconds(dts)),
                 TimeQuality::placeholder, packet.reason, true});
}

/// Where a frame without pts is shown. A reference frame with no room before the newest one comes after as many
/// B-frames as the one before it had.
std::int64_t Timeline::Core::presentation_from_order(const HeldPacket& packet, std::int64_t dts) const {
  const std::int64_t slot = presented_.free_slot(dts, rate_.period(), packet.is_reference);
  const auto newest = presented_.newest();
  if (!packet.is_reference.value_or(false) || !newest || slot < *newest) return slot;
  const int slots = packet.is_key ? 1 : frames_between_ + 1;
  return saturated_sum(*newest, static_cast<std::int64_t>(slots * rate_.period()));
}

/// The packet's pts on the output axis. May lower `dts` towards a pts that lies before it.
std::int64_t Timeline::Core::presentation(const HeldPacket& packet, const Decision& decision, std::int64_t& dts) {
  std::int64_t pts = dts;
  if (packet.has_pts && packet.has_dts && decision.trusts_stamp && !decision.is_late) {
    const std::int64_t offset = saturated_difference(packet.pts, packet.dts);
    if (offset < 0) {
      ++counters_.pts_before_dts;
      pts = saturated_sum(decision.position, offset);
      if (pts > last_dts_) dts = std::min(dts, pts);
    } else if (rate_.on_grid()) {
      pts = saturated_sum(
          dts, static_cast<std::int64_t>(std::round(static_cast<double>(offset) / rate_.period()) * rate_.period()));
    } else {
      pts = saturated_sum(decision.position, offset);
    }
  } else if (packet.has_pts && !packet.has_dts) {
    pts = packet.pts;
  } else if (reorders_ && !decision.is_late) {
    if (!packet.has_pts && packet.has_dts) ++counters_.missing_pts;
    pts = presentation_from_order(packet, dts);
  }
  const std::int64_t wanted = std::max(std::min(pts, kMostPresented), dts);
  const std::int64_t taken = presented_.take(wanted);
  if (taken != wanted) ++counters_.collisions;
  return taken;
}

void Timeline::Core::learn(const HeldPacket& packet, const Decision& decision) {
  if (decision.is_late) {
    hole_from_ = hole_to_;
    return;
  }
  const std::int64_t gap = started_ ? saturated_difference(decision.position, last_) : 0;
  if (decision.slots > 1) {
    hole_from_ = last_;
    hole_to_ = decision.position;
  }
  // Not by slots alone: while the period is still a bad guess, every interval may look like many.
  if (gap > kTimelineJump || gap < 0 || (rate_.on_grid() && decision.slots >= kLongGapSlots)) rate_.restart();
  last_ = decision.position;
  last_gap_ = gap;
  constexpr int kMostBetween = 16;
  frames_between_ = packet.is_reference.value_or(true) ? 0 : std::min(frames_between_ + 1, kMostBetween);
  started_ = true;
  const std::int64_t stamp = decision.trusts_stamp ? packet.dts : decision.position;
  rate_.observe(stamp, decision.position);
  if (live_ && decision.trusts_stamp && !packet.from_arrival) clock_.observe(packet.dts, packet.arrival);
}

// ---- the shell ----

Timeline::Timeline(const TimelineConfig& config) : core_(std::make_unique<Core>(config)) {}
Timeline::~Timeline() = default;
Timeline::Timeline(Timeline&&) noexcept = default;
Timeline& Timeline::operator=(Timeline&&) noexcept = default;

void Timeline::push(const PacketStamp& stamp, std::vector<TimedPacket>& out) {
  core_->push(stamp, out);
}

void Timeline::expire(base::SteadyTime now, std::vector<TimedPacket>& out) {
  core_->expire(now, out);
}

void Timeline::flush(std::vector<TimedPacket>& out) {
  core_->flush(out);
}

std::optional<base::SteadyTime> Timeline::deadline() const {
  return core_->deadline();
}

const TimelineCounters& Timeline::counters() const {
  return core_->counters();
}

}  // namespace ocelli::media
