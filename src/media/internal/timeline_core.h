#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "media/internal/clock_alignment.h"
#include "media/internal/presentation_times.h"
#include "media/internal/rate_tracker.h"
#include "media/internal/stamp_detector.h"
#include "media/timeline.h"

namespace ocelli::media {
namespace internal {

/// A packet that waits; times in nanoseconds.
struct HeldPacket {
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

/// What is wrong with a stamp, against the packet before it and the time of arrival.
enum class StampFault : std::uint8_t { none, missing, back, ahead, behind };

/// What is decided of the oldest packet: to wait on, or where it belongs.
struct Decision {
  HoldReason hold = HoldReason::none;
  std::int64_t position = 0;
  int slots = 1;
  TimeQuality quality = TimeQuality::good;
  bool trusts_stamp = true;  ///< the stamp belongs to the position: learn from it
  bool is_late = false;      ///< its place is gone
};

constexpr std::int64_t kTimelineJump = 2'000'000'000;  // nanoseconds: beyond, the clock was set
// From here on a gap is no matter of slots: the grid is laid anew at its far end.
constexpr int kLongGapSlots = 8;

}  // namespace internal

/// What Timeline is made of: the packets that wait, how it is decided where the oldest of them belongs
/// (timeline_decisions.cc), and how it leaves (timeline.cc).
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

  internal::HeldPacket& held(std::size_t place) { return held_[(first_held_ + place) % kMostHeld]; }
  const internal::HeldPacket& held(std::size_t place) const { return held_[(first_held_ + place) % kMostHeld]; }
  std::int64_t due() const;

  std::int64_t since_first(base::SteadyTime arrived);
  internal::HeldPacket align(const PacketStamp& stamp, std::int64_t arrival);
  void insert(const internal::HeldPacket& packet);
  void settle(std::int64_t now, std::vector<TimedPacket>& out);
  bool may_wait(HoldReason reason, std::int64_t now);

  internal::Decision decide(Patience patience);
  internal::Decision decide_first(Patience patience);
  internal::StampFault find_fault(const internal::HeldPacket& packet) const;
  internal::Decision decide_plain(Patience patience);
  internal::Decision decide_faulty(internal::StampFault fault, Patience patience);
  internal::Decision interpolate(std::size_t next);
  internal::Decision change_clock(internal::StampFault fault);
  void move_clock(std::int64_t by);
  bool is_spike(const internal::HeldPacket& next, std::size_t place) const;
  bool is_backlog() const;
  bool gap_confirmed() const;
  std::size_t next_stamped() const;
  double upper_bound(std::size_t place, bool use_stamp) const;
  int slots_before_head(bool use_head_stamp) const;
  bool is_ahead(const internal::HeldPacket& packet) const;

  void emit(const internal::Decision& decision, std::vector<TimedPacket>& out);
  void emit_placeholders(const internal::Decision& decision, const internal::HeldPacket& packet,
                         std::vector<TimedPacket>& out);
  void put_placeholder(std::int64_t at, const internal::HeldPacket& packet, std::vector<TimedPacket>& out);
  std::int64_t presentation(const internal::HeldPacket& packet, const internal::Decision& decision, std::int64_t& dts);
  std::int64_t presentation_from_order(const internal::HeldPacket& packet, std::int64_t dts) const;
  void learn(const internal::HeldPacket& packet, const internal::Decision& decision);

  const bool live_;
  const std::int64_t longest_file_gap_;
  TimelineCounters counters_;
  internal::StampDetector detector_;
  internal::ClockAlignment clock_;
  internal::RateTracker rate_;
  internal::PresentationTimes presented_;

  std::array<internal::HeldPacket, kMostHeld> held_;
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

}  // namespace ocelli::media
