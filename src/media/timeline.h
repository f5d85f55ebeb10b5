#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "media/media_time.h"

namespace ocelli::media {

/// What is known of one packet's time before repair. The packet itself stays with the caller, who finds it by `id`.
struct PacketStamp {
  std::uint64_t id = 0;
  std::optional<std::chrono::nanoseconds> pts{};  ///< as the container or the network says, on the source's own axis
  std::optional<std::chrono::nanoseconds> dts{};
  base::SteadyTime arrived{};  ///< live sources only
  bool is_key = false;
  std::optional<bool> is_reference{};  ///< where the codec's headers were read
  bool follows_loss = false;           ///< the transport says that something is missing before this packet
};

/// How far a time can be trusted.
enum class TimeQuality : std::uint8_t {
  good,          ///< the source's own stamp, aligned to the output axis
  interpolated,  ///< there was no usable stamp
  restamped,     ///< there was one, and it was moved
  reordered,     ///< good, but the packet came too late and was put back in its place
  placeholder,   ///< no packet: something was lost here
};

/// Why a packet was not handed on at once. Ordered by the delay each may add; a packet counts under its largest.
enum class HoldReason : std::uint8_t { none, order, loss, stamp };

struct TimedPacket {
  std::uint64_t id = 0;  ///< of a placeholder: that of the packet after it
  MediaTime pts;
  MediaTime dts;
  TimeQuality quality = TimeQuality::good;
  HoldReason held_for = HoldReason::none;
  bool lacks_reference = false;  ///< something it may be predicted from is missing; false again from the next key frame
};

enum class SourceKind : std::uint8_t {
  file,  ///< arrival says nothing; stamps that are consistent come out unchanged; waiting costs nothing
  live,  ///< arrival is a second clock; stamps that jitter are smoothed; waiting is bounded
};

/// Stamps of 32 bits (RTP) and of 33 bits (MPEG transport stream) at 90 kHz.
constexpr std::chrono::nanoseconds kRtpWrapPeriod{47'721'858'844'444};
constexpr std::chrono::nanoseconds kMpegTsWrapPeriod{95'443'717'688'889};

struct TimelineConfig {
  SourceKind source = SourceKind::file;
  std::optional<std::chrono::nanoseconds> nominal_interval{};  ///< from the declared frame rate
  std::optional<std::chrono::nanoseconds> wrap_period{};
  int reorder_depth = 0;  ///< frames that wait for a later one, as the codec declares; learnt where wrong
  std::chrono::nanoseconds longest_file_gap = std::chrono::hours(1);  ///< a longer step in a file is damage
};

/// The most that a live timeline holds a packet back, by reason.
constexpr std::chrono::nanoseconds hold_bound(HoldReason reason) {
  using std::chrono::milliseconds;
  constexpr milliseconds kBounds[] = {milliseconds(0), milliseconds(45), milliseconds(120), milliseconds(300)};
  return kBounds[static_cast<std::size_t>(reason)];
}

/// One counter per kind of repair; packets unless it says otherwise.
struct TimelineCounters {
  std::uint64_t packets = 0;
  std::uint64_t missing = 0;        ///< neither pts nor dts
  std::uint64_t missing_pts = 0;    ///< pts found from its place in the order
  std::uint64_t zero = 0;           ///< a stamp of 0 in mid-stream
  std::uint64_t duplicate = 0;      ///< the stamp of the packet before
  std::uint64_t spikes = 0;         ///< one wild stamp between good ones
  std::uint64_t wraps = 0;          ///< wrap-arounds undone
  std::uint64_t steps_back = 0;     ///< the source's clock went back and stayed there
  std::uint64_t steps_forward = 0;  ///< the source's clock went ahead of time and stayed there
  std::uint64_t smoothed = 0;       ///< moved by more than a tenth of an interval, because the stamps jitter
  std::uint64_t reordered = 0;
  std::uint64_t late = 0;  ///< too late to be put back: handed on directly after the packet that overtook it
  std::uint64_t pts_before_dts = 0;
  std::uint64_t collisions = 0;  ///< pts moved because it was taken, or dts because it did not increase
  std::uint64_t losses = 0;      ///< places where something was lost
  std::uint64_t placeholders = 0;
  std::uint64_t missing_heads = 0;  ///< streams that began, or went on after a loss, without a key frame
};

/// Repairs the time of one stream in three stages: detect (what is wrong with this stamp), align (the source's clock to
/// the output axis), reconstruct (the time at which the frame was captured). docs/timeline.md has methods and bounds.
///
/// Packets go in, in the order in which they came; each comes out exactly once, in decoding order, perhaps later and
/// with placeholders between: dts increase strictly, pts are unique, pts >= dts. The axis of a file is the file's own;
/// that of a live stream starts at 0 with the first packet and follows the arrival clock slowly (500 ppm at most).
/// Memory is fixed at construction; nothing allocates afterwards but the caller's own `out` as it grows. One thread at
/// a time. It cannot fail: stamps of any value are repaired, and counted.
class Timeline {
 public:
  explicit Timeline(const TimelineConfig& config);
  ~Timeline();
  Timeline(Timeline&&) noexcept;
  Timeline& operator=(Timeline&&) noexcept;

  /// Appends to `out` what is settled by this packet.
  void push(const PacketStamp& stamp, std::vector<TimedPacket>& out);
  /// Live: appends what may not be held any longer. Call at deadline(), or more often.
  void expire(base::SteadyTime now, std::vector<TimedPacket>& out);
  /// Appends all that is held. The timeline can go on afterwards.
  void flush(std::vector<TimedPacket>& out);

  /// When expire() has to be called next; none while nothing is held, and for files.
  std::optional<base::SteadyTime> deadline() const;
  const TimelineCounters& counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace ocelli::media
