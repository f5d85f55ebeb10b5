#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "media/packet.h"
#include "media/source.h"
#include "media/timeline.h"

namespace ocelli::engine {

/// A picture that was lost on its way: when it would have been shown.
struct LostPicture {
  media::MediaTime time;
};

using SettledItem = std::variant<media::Packet, LostPicture>;

/// Puts the packets of one connection after the other through a media::Timeline, keeps those that it holds back, and
/// hands on what is settled: packets in decoding order with repaired times, before each what was lost in front of it.
/// Thread-safe: one thread brings packets, and another sees to it that none is held for too long while none come. Who
/// finds that the other is handing on leaves its own to it; so `hand_on` is called by one thread at a time, with no
/// lock held.
class PacketClock {
 public:
  using HandOn = std::function<base::Status(SettledItem&)>;

  PacketClock();

  /// A connection begins.
  void begin(const media::StreamInfo& info, HandOn hand_on) OC_EXCLUDES(mutex_);
  /// The connection is over: what is still held is lost. Waits until nobody hands on any more. Idempotent.
  void end() OC_EXCLUDES(mutex_);

  /// An error is that of `hand_on`, and what was settled with it is lost.
  base::Status push(media::Packet packet) OC_EXCLUDES(mutex_);
  /// Hands on all that is held.
  base::Status flush() OC_EXCLUDES(mutex_);
  /// Hands on what may not be held any longer. To be called at deadline().
  base::Status expire(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// None while nothing is held, and for files, which can wait.
  std::optional<base::SteadyTime> deadline() const OC_EXCLUDES(mutex_);

  /// Of this connection.
  media::TimelineCounters counters() const OC_EXCLUDES(mutex_);

 private:
  struct HeldPacket {
    std::uint64_t id;
    media::Packet packet;
  };
  bool follows_hole(const media::PacketStamp& stamp, bool is_cut) OC_REQUIRES(mutex_);
  void collect() OC_REQUIRES(mutex_);
  base::Status hand_on_settled() OC_EXCLUDES(mutex_);
  bool take_settled() OC_EXCLUDES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar handed_on_;
  HandOn hand_on_;  ///< changes only while nobody hands on
  media::Timeline timeline_ OC_GUARDED_BY(mutex_);
  bool is_open_ OC_GUARDED_BY(mutex_) = false;
  bool is_handing_on_ OC_GUARDED_BY(mutex_) = false;
  bool began_ OC_GUARDED_BY(mutex_) = false;       ///< with a key frame: what lacks it, the decoder sees by itself
  int packets_to_hole_ OC_GUARDED_BY(mutex_) = 0;  ///< in front of one of so many bytes are missing; 0: of none
  std::optional<std::chrono::nanoseconds> newest_stamp_ OC_GUARDED_BY(mutex_);
  std::chrono::nanoseconds step_ OC_GUARDED_BY(mutex_){};  ///< to the newest stamp from the one before
  std::uint64_t next_id_ OC_GUARDED_BY(mutex_) = 0;
  std::vector<HeldPacket> held_ OC_GUARDED_BY(mutex_);
  std::vector<media::TimedPacket> timed_ OC_GUARDED_BY(mutex_);
  std::vector<SettledItem> settled_ OC_GUARDED_BY(mutex_);
  std::vector<SettledItem> being_handed_on_;  ///< of the thread that hands on
};

}  // namespace ocelli::engine
