#include <algorithm>
#include <cmath>
#include <cstdint>

#include "media/internal/timeline_core.h"

namespace ocelli::media {
namespace {

using internal::Decision;
using internal::HeldPacket;
using internal::kLongGapSlots;
using internal::kTimelineJump;
using internal::saturated_difference;
using internal::saturated_sum;
using internal::StampFault;

// A step up to this is one slot; beyond, the next packet tells whether this one was late or something is absent.
constexpr double kOneSlot = 1.6;

}  // namespace

Decision Timeline::Core::decide(Patience patience) {
  gap_is_open_ = false;
  if (!started_) return decide_first(patience);
  const StampFault fault = find_fault(held(0));
  return fault == StampFault::none ? decide_plain(patience) : decide_faulty(fault, patience);
}

Decision Timeline::Core::decide_first(Patience patience) {
  const HeldPacket& head = held(0);
  if (head.has_dts) return {.position = head.dts};
  Decision decision{.quality = TimeQuality::interpolated, .trusts_stamp = false};
  if (live_) {
    decision.position = head.arrival;
    return decision;
  }
  const std::size_t next = next_stamped();
  if (next == held_count_ && patience == Patience::waits) return {.hold = HoldReason::stamp};
  if (next < held_count_) {
    const auto before = static_cast<std::int64_t>(static_cast<double>(next) * rate_.period());
    decision.position = saturated_difference(held(next).dts, before);
  } else if (head.has_pts) {
    decision.position = head.pts;
  }
  return decision;
}

bool Timeline::Core::is_ahead(const HeldPacket& packet) const {
  const auto tolerance = static_cast<std::int64_t>(std::max(0.5 * rate_.period(), 15e6));
  return clock_.is_ahead(packet.dts, packet.arrival, tolerance);
}

StampFault Timeline::Core::find_fault(const HeldPacket& packet) const {
  if (!packet.has_dts) return StampFault::missing;
  const std::int64_t gap = saturated_difference(packet.dts, last_);
  const double period = rate_.period();
  // On a grid a late frame may have drawn the output ahead of the stamps; that is no step of the clock.
  const double tolerated = rate_.on_grid() ? -1.5 * period : 0;
  if (static_cast<double>(gap) <= tolerated) return StampFault::back;
  if (!live_)
    return gap > kTimelineJump && static_cast<double>(gap) > 4 * period ? StampFault::ahead : StampFault::none;
  if (static_cast<double>(gap) > 1.3 * period && is_ahead(packet)) return StampFault::ahead;
  const std::int64_t latest = clock_.latest_capture(packet.arrival, packet.dts);
  if (saturated_difference(latest, packet.dts) > kTimelineJump) return StampFault::behind;
  return StampFault::none;
}

Decision Timeline::Core::decide_plain(Patience patience) {
  const HeldPacket& head = held(0);
  const std::int64_t gap = head.dts - last_;
  const double steps = static_cast<double>(gap) / rate_.period();
  Decision decision{.position = head.dts};
  if (head.from_arrival) decision.quality = TimeQuality::interpolated;
  if (head.moved) decision.quality = TimeQuality::reordered;
  if (steps < kOneSlot) {
    if (rate_.on_grid()) decision.position = rate_.advance(last_, head.dts, 1);
    return decision;
  }
  if (patience == Patience::waits && !gap_confirmed() && steps < 1e3) {
    gap_is_open_ = true;
    if (head.follows_loss) return {.hold = HoldReason::loss};
    return {.hold = rate_.on_grid() ? HoldReason::stamp : HoldReason::order};
  }
  if (!rate_.on_grid()) {
    decision.slots = static_cast<int>(std::min(std::round(steps), 1e6));
    return decision;
  }
  decision.slots = slots_before_head(true);
  if (decision.slots < kLongGapSlots) decision.position = rate_.advance(last_, head.dts, decision.slots);
  return decision;
}

/// True when waiting on can no longer change what the gap before the oldest packet means.
bool Timeline::Core::gap_confirmed() const {
  const double period = rate_.period();
  const HeldPacket& head = held(0);
  if (!rate_.knows_period()) return true;
  if (!rate_.on_grid()) {
    // A second step of the same size is a lower rate, not an absence.
    const auto gap = static_cast<double>(head.dts - last_);
    if (held_count_ >= 3) return true;
    return (live_ || held_count_ >= 2) && std::abs(gap - static_cast<double>(last_gap_)) < 0.25 * period;
  }
  // All explained by lateness, or three more that are just as late: a real gap.
  if (slots_before_head(true) == 1) return true;
  for (std::size_t i = 1; i < held_count_; ++i) {
    const double since = static_cast<double>(saturated_difference(held(i).dts, head.dts)) / period;
    if (!held(i).has_dts || std::abs(since - static_cast<double>(i)) > 0.4) return false;
  }
  return held_count_ > 3;
}

std::size_t Timeline::Core::next_stamped() const {
  for (std::size_t i = 1; i < held_count_; ++i) {
    if (held(i).has_dts) return i;
  }
  return held_count_;
}

Decision Timeline::Core::decide_faulty(StampFault fault, Patience patience) {
  const HeldPacket& head = held(0);
  if (fault == StampFault::back && head.dts > hole_from_ && head.dts < hole_to_) {
    return {.position = last_, .quality = TimeQuality::restamped, .trusts_stamp = false, .is_late = true};
  }
  if (fault == StampFault::missing && rate_.on_grid()) {
    // Nothing has to be interpolated, only slots to be counted.
    const int slots = slots_before_head(false);
    if (patience == Patience::waits && slots > 1 && held_count_ < 4) return {.hold = HoldReason::stamp};
    return {.position = saturated_sum(last_, static_cast<std::int64_t>(slots * rate_.period())),
            .slots = slots,
            .quality = TimeQuality::interpolated,
            .trusts_stamp = false};
  }
  const std::size_t next = next_stamped();
  const bool waits_for_more = fault == StampFault::behind ? held_count_ < 4 : next == held_count_;
  if (patience == Patience::waits && waits_for_more) return {.hold = HoldReason::stamp};
  if (fault == StampFault::missing) return interpolate(next);
  if (fault == StampFault::behind && (held_count_ == 1 || is_backlog())) return decide_plain(Patience::forced);
  if (fault != StampFault::behind && next < held_count_ && is_spike(held(next), next)) {
    ++counters_.spikes;
    return interpolate(next);
  }
  if (!live_ && fault == StampFault::ahead && head.dts - last_ <= longest_file_gap_) return {.position = head.dts};
  return change_clock(fault);
}

/// The packet after the strange one goes on where the packet before it was.
bool Timeline::Core::is_spike(const HeldPacket& next, std::size_t place) const {
  const double period = rate_.period();
  const auto after_last = static_cast<double>(saturated_difference(next.dts, last_));
  const auto after_head = static_cast<double>(saturated_difference(next.dts, held(0).dts));
  if (after_last <= 0 || after_last > static_cast<double>(kTimelineJump)) return false;
  if (live_ && is_ahead(next)) return false;
  const bool follows_head = std::abs(after_head - static_cast<double>(place) * period) < 0.35 * period;
  const bool follows_last = std::abs(after_last - static_cast<double>(place + 1) * period) < 0.35 * period;
  return follows_last || !follows_head;
}

/// What was stuck in the network comes at once: stamps advance much faster than arrivals.
bool Timeline::Core::is_backlog() const {
  const HeldPacket& newest = held(held_count_ - 1);
  const HeldPacket& oldest = held(0);
  if (!newest.has_dts) return true;
  const std::int64_t advance = saturated_difference(newest.dts, oldest.dts);
  return advance > 0 && advance / 3 * 2 > newest.arrival - oldest.arrival;
}

/// The latest slot, counted from the last settled packet, that packet can have been captured in.
double Timeline::Core::upper_bound(std::size_t place, bool use_stamp) const {
  constexpr double kUnbounded = 1e9;
  const HeldPacket& packet = held(place);
  const double period = rate_.period();
  if (use_stamp && packet.has_dts && packet.dts > last_ && !(live_ && is_ahead(packet))) {
    return static_cast<double>(saturated_difference(packet.dts, last_)) / period;
  }
  if (!live_) return kUnbounded;
  const std::int64_t latest = clock_.latest_capture(packet.arrival, packet.arrival);
  return std::min(static_cast<double>(saturated_difference(latest, last_)) / period, kUnbounded);
}

/// Slots from the last settled packet to the oldest held one: as many as its own lateness allows and all that came
/// after it still find a slot each.
int Timeline::Core::slots_before_head(bool use_head_stamp) const {
  constexpr double kEarly = 0.4;
  double slots = 1e6;
  for (std::size_t i = held_count_; i-- > 0;) {
    const bool use_stamp = i > 0 || use_head_stamp;
    slots = std::min(std::floor(upper_bound(i, use_stamp) + kEarly), slots - 1);
  }
  return static_cast<int>(std::max(slots, 1.0));
}

Decision Timeline::Core::interpolate(std::size_t next) {
  const double period = rate_.period();
  Decision decision{.quality = TimeQuality::interpolated, .trusts_stamp = false};
  double step = period;
  decision.slots = live_ ? slots_before_head(false) : 1;
  const bool has_next = next < held_count_ && held(next).dts > last_ && !(live_ && is_ahead(held(next)));
  if (has_next) {
    const auto whole = static_cast<double>(saturated_difference(held(next).dts, last_));
    const auto packets = static_cast<double>(next + 1);
    const double slots = rate_.knows_period() ? std::max(packets, std::floor(whole / period + 0.3)) : packets;
    if (slots == packets) decision.slots = 1;
    if (slots < 1e3) step = whole / slots;
  }
  decision.position = saturated_sum(last_, static_cast<std::int64_t>(std::max(step * decision.slots, 1.0)));
  return decision;
}

/// The stamps' clock has changed: the arrival clock says how much time has passed, and the offset takes up the rest.
Decision Timeline::Core::change_clock(StampFault fault) {
  const HeldPacket& head = held(0);
  Decision decision{.quality = TimeQuality::restamped};
  ++(fault == StampFault::ahead ? counters_.steps_forward : counters_.steps_back);
  decision.slots = live_ ? slots_before_head(false) : 1;
  decision.position = saturated_sum(last_, static_cast<std::int64_t>(decision.slots * rate_.period()));
  if (decision.slots >= kLongGapSlots)
    decision.position = std::max(clock_.latest_capture(head.arrival, last_), last_ + 1);
  const std::int64_t by = saturated_difference(decision.position, head.dts);
  move_clock(by);
  return decision;
}

void Timeline::Core::move_clock(std::int64_t by) {
  clock_.step(by);
  for (std::size_t i = 0; i < held_count_; ++i) {
    held(i).dts = saturated_sum(held(i).dts, by);
    held(i).pts = saturated_sum(held(i).pts, by);
  }
}

}  // namespace ocelli::media
