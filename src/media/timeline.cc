#include "media/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "media/internal/clock_alignment.h"
#include "media/internal/presentation_times.h"
#include "media/internal/rate_tracker.h"
#include "media/internal/stamp_detector.h"

namespace ocelli::media {

namespace {

using internal::saturated_difference;
using internal::saturated_sum;

constexpr std::int64_t kJump = 2'000'000'000;
constexpr std::int64_t kMostArrival = std::int64_t{1} << 61;
constexpr std::int64_t kMostAligned = std::int64_t{1} << 62;  // leaves room for what is added to times from here on
constexpr std::size_t kFileLookahead = 8;
constexpr int kMostPlaceholders = 16;
// From here on a gap is no matter of slots: the grid is laid anew at its far end.
constexpr int kLongGapSlots = 8;
// A step up to this is one slot; beyond, the next packet tells whether this one was late or something is absent.
constexpr double kOneSlot = 1.6;
constexpr std::uint32_t kStamplessRun = 16;

struct Held {
  std::uint64_t id = 0;
  std::int64_t arrival = 0;
  std::int64_t dts = 0;  ///< aligned
  std::int64_t pts = 0;
  bool has_dts = false;
  bool has_pts = false;
  bool from_arrival = false;  ///< the source gives no stamps at all
  bool is_key = false;
  bool follows_loss = false;
  bool moved = false;  ///< put back before packets that came earlier
  std::optional<bool> is_reference;
  HoldReason reason = HoldReason::none;
};

enum class Fault : std::uint8_t { none, missing, back, ahead, behind };

/// What is decided of the oldest packet: to wait on, or where it belongs.
struct Decision {
  HoldReason hold = HoldReason::none;
  std::int64_t position = 0;
  int slots = 1;
  TimeQuality quality = TimeQuality::good;
  bool trusts_stamp = true;  ///< the stamp belongs to the position: learn from it
  bool is_late = false;      ///< its place is gone
};

}  // namespace

class Timeline::Core {
 public:
  explicit Core(const TimelineConfig& config)
      : live_(config.source == SourceKind::live),
        longest_file_gap_(std::clamp<std::int64_t>(config.longest_file_gap.count(), 0, 86'400'000'000'000)),
        detector_(config, counters_),
        rate_(static_cast<double>(config.nominal_interval.value_or(std::chrono::nanoseconds(0)).count()),
              live_ ? internal::RateTracker::Smoothing::where_stamps_jitter : internal::RateTracker::Smoothing::off) {}

  void push(const PacketStamp& stamp, std::vector<TimedPacket>& out);
  void expire(base::SteadyTime now, std::vector<TimedPacket>& out);
  void flush(std::vector<TimedPacket>& out);
  std::optional<base::SteadyTime> deadline() const;
  const TimelineCounters& counters() const { return counters_; }

 private:
  static constexpr std::size_t kMostHeld = 64;
  enum class Patience : std::uint8_t { waits, forced };

  Held& held(std::size_t place) { return held_[(first_held_ + place) % kMostHeld]; }
  const Held& held(std::size_t place) const { return held_[(first_held_ + place) % kMostHeld]; }
  std::int64_t due() const;

  std::int64_t since_first(base::SteadyTime arrived);
  Held align(const PacketStamp& stamp, std::int64_t arrival);
  void insert(const Held& packet);
  void settle(std::int64_t now, std::vector<TimedPacket>& out);
  bool may_wait(HoldReason reason, std::int64_t now);

  Decision decide(Patience patience);
  Decision decide_first(Patience patience);
  Fault find_fault(const Held& packet) const;
  Decision decide_plain(Patience patience);
  Decision decide_faulty(Fault fault, Patience patience);
  Decision interpolate(std::size_t next);
  Decision change_clock(Fault fault);
  void move_clock(std::int64_t by);
  bool is_spike(const Held& next, std::size_t place) const;
  bool is_backlog() const;
  bool gap_confirmed() const;
  std::size_t next_stamped() const;
  double upper_bound(std::size_t place, bool use_stamp) const;
  int slots_before_head(bool use_head_stamp) const;
  bool is_ahead(const Held& packet) const;

  void emit(const Decision& decision, std::vector<TimedPacket>& out);
  void emit_placeholders(const Decision& decision, const Held& packet, std::vector<TimedPacket>& out);
  void put_placeholder(std::int64_t at, const Held& packet, std::vector<TimedPacket>& out);
  std::int64_t presentation(const Held& packet, const Decision& decision, std::int64_t& dts);
  std::int64_t presentation_from_order(const Held& packet, std::int64_t dts) const;
  void learn(const Held& packet, const Decision& decision);

  const bool live_;
  const std::int64_t longest_file_gap_;
  TimelineCounters counters_;
  internal::StampDetector detector_;
  internal::ClockAlignment clock_;
  internal::RateTracker rate_;
  internal::PresentationTimes presented_;

  std::array<Held, kMostHeld> held_;
  std::size_t first_held_ = 0;
  std::size_t held_count_ = 0;
  bool gap_is_open_ = false;  ///< the oldest waits because something may be absent before it

  std::optional<base::SteadyTime> first_arrival_;
  std::int64_t last_arrival_ = 0;
  bool has_clock_ = false;  ///< a stamp was seen, and laid on the output axis
  bool started_ = false;
  std::int64_t last_ = 0;  ///< position of the newest settled packet, in decoding order
  std::int64_t last_gap_ = 0;
  std::int64_t last_dts_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t hole_from_ = 0;  ///< the newest gap that was let stand
  std::int64_t hole_to_ = 0;
  bool on_grid_ = false;   ///< the packet before was placed on a grid
  bool reorders_ = false;  ///< pts and dts have differed
  bool lacks_reference_ = false;
  int frames_between_ = 0;  ///< frames that nothing refers to, since the newest reference frame
  std::uint32_t stampless_run_ = 0;
};

// ---- in ----

std::int64_t Timeline::Core::since_first(base::SteadyTime arrived) {
  if (!live_) return 0;
  if (!first_arrival_) first_arrival_ = arrived;
  const std::int64_t since =
      saturated_difference(arrived.time_since_epoch().count(), first_arrival_->time_since_epoch().count());
  last_arrival_ = std::clamp(since, last_arrival_, kMostArrival);
  return last_arrival_;
}

Held Timeline::Core::align(const PacketStamp& stamp, std::int64_t arrival) {
  const internal::DetectedStamp found = detector_.detect(stamp, rate_.period());
  Held packet;
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
  if (packet.has_dts && packet.has_pts && live_ && saturated_difference(packet.pts, packet.dts) > kJump) {
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
void Timeline::Core::insert(const Held& packet) {
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

// ---- where the oldest packet belongs ----

Decision Timeline::Core::decide(Patience patience) {
  gap_is_open_ = false;
  if (!started_) return decide_first(patience);
  const Fault fault = find_fault(held(0));
  return fault == Fault::none ? decide_plain(patience) : decide_faulty(fault, patience);
}

Decision Timeline::Core::decide_first(Patience patience) {
  const Held& head = held(0);
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

bool Timeline::Core::is_ahead(const Held& packet) const {
  const auto tolerance = static_cast<std::int64_t>(std::max(0.5 * rate_.period(), 15e6));
  return clock_.is_ahead(packet.dts, packet.arrival, tolerance);
}

Fault Timeline::Core::find_fault(const Held& packet) const {
  if (!packet.has_dts) return Fault::missing;
  const std::int64_t gap = saturated_difference(packet.dts, last_);
  const double period = rate_.period();
  // On a grid a late frame may have drawn the output ahead of the stamps; that is no step of the clock.
  const double tolerated = rate_.on_grid() ? -1.5 * period : 0;
  if (static_cast<double>(gap) <= tolerated) return Fault::back;
  if (!live_) return gap > kJump && static_cast<double>(gap) > 4 * period ? Fault::ahead : Fault::none;
  if (static_cast<double>(gap) > 1.3 * period && is_ahead(packet)) return Fault::ahead;
  const std::int64_t latest = clock_.latest_capture(packet.arrival, packet.dts);
  if (saturated_difference(latest, packet.dts) > kJump) return Fault::behind;
  return Fault::none;
}

Decision Timeline::Core::decide_plain(Patience patience) {
  const Held& head = held(0);
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
  const Held& head = held(0);
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

Decision Timeline::Core::decide_faulty(Fault fault, Patience patience) {
  const Held& head = held(0);
  if (fault == Fault::back && head.dts > hole_from_ && head.dts < hole_to_) {
    return {.position = last_, .quality = TimeQuality::restamped, .trusts_stamp = false, .is_late = true};
  }
  if (fault == Fault::missing && rate_.on_grid()) {
    // Nothing has to be interpolated, only slots to be counted.
    const int slots = slots_before_head(false);
    if (patience == Patience::waits && slots > 1 && held_count_ < 4) return {.hold = HoldReason::stamp};
    return {.position = saturated_sum(last_, static_cast<std::int64_t>(slots * rate_.period())),
            .slots = slots,
            .quality = TimeQuality::interpolated,
            .trusts_stamp = false};
  }
  const std::size_t next = next_stamped();
  const bool waits_for_more = fault == Fault::behind ? held_count_ < 4 : next == held_count_;
  if (patience == Patience::waits && waits_for_more) return {.hold = HoldReason::stamp};
  if (fault == Fault::missing) return interpolate(next);
  if (fault == Fault::behind && (held_count_ == 1 || is_backlog())) return decide_plain(Patience::forced);
  if (fault != Fault::behind && next < held_count_ && is_spike(held(next), next)) {
    ++counters_.spikes;
    return interpolate(next);
  }
  if (!live_ && fault == Fault::ahead && head.dts - last_ <= longest_file_gap_) return {.position = head.dts};
  return change_clock(fault);
}

/// The packet after the strange one goes on where the packet before it was.
bool Timeline::Core::is_spike(const Held& next, std::size_t place) const {
  const double period = rate_.period();
  const auto after_last = static_cast<double>(saturated_difference(next.dts, last_));
  const auto after_head = static_cast<double>(saturated_difference(next.dts, held(0).dts));
  if (after_last <= 0 || after_last > static_cast<double>(kJump)) return false;
  if (live_ && is_ahead(next)) return false;
  const bool follows_head = std::abs(after_head - static_cast<double>(place) * period) < 0.35 * period;
  const bool follows_last = std::abs(after_last - static_cast<double>(place + 1) * period) < 0.35 * period;
  return follows_last || !follows_head;
}

/// What was stuck in the network comes at once: stamps advance much faster than arrivals.
bool Timeline::Core::is_backlog() const {
  const Held& newest = held(held_count_ - 1);
  const Held& oldest = held(0);
  if (!newest.has_dts) return true;
  const std::int64_t advance = saturated_difference(newest.dts, oldest.dts);
  return advance > 0 && advance / 3 * 2 > newest.arrival - oldest.arrival;
}

/// The latest slot, counted from the last settled packet, that packet can have been captured in.
double Timeline::Core::upper_bound(std::size_t place, bool use_stamp) const {
  constexpr double kUnbounded = 1e9;
  const Held& packet = held(place);
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
Decision Timeline::Core::change_clock(Fault fault) {
  const Held& head = held(0);
  Decision decision{.quality = TimeQuality::restamped};
  ++(fault == Fault::ahead ? counters_.steps_forward : counters_.steps_back);
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

// ---- out ----

void Timeline::Core::emit(const Decision& decision, std::vector<TimedPacket>& out) {
  const Held packet = held(0);
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

void Timeline::Core::emit_placeholders(const Decision& decision, const Held& packet, std::vector<TimedPacket>& out) {
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

void Timeline::Core::put_placeholder(std::int64_t at, const Held& packet, std::vector<TimedPacket>& out) {
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
std::int64_t Timeline::Core::presentation_from_order(const Held& packet, std::int64_t dts) const {
  const std::int64_t slot = presented_.free_slot(dts, rate_.period(), packet.is_reference);
  const auto newest = presented_.newest();
  if (!packet.is_reference.value_or(false) || !newest || slot < *newest) return slot;
  const int slots = packet.is_key ? 1 : frames_between_ + 1;
  return saturated_sum(*newest, static_cast<std::int64_t>(slots * rate_.period()));
}

/// The packet's pts on the output axis. May lower `dts` towards a pts that lies before it.
std::int64_t Timeline::Core::presentation(const Held& packet, const Decision& decision, std::int64_t& dts) {
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
  const std::int64_t wanted = std::max(pts, dts);
  const std::int64_t taken = presented_.take(wanted);
  if (taken != wanted) ++counters_.collisions;
  return taken;
}

void Timeline::Core::learn(const Held& packet, const Decision& decision) {
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
  if (gap > kJump || gap < 0 || (rate_.on_grid() && decision.slots >= kLongGapSlots)) rate_.restart();
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
