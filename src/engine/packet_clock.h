#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "media/packet.h"
#include "media/source.h"
#include "media/timeline.h"

namespace ocelli::engine {

/// A picture that was lost on its way: when it would have been shown.
struct LostPicture {
  media::MediaTime time;
};

using SettledItem = std::variant<media::Packet, LostPicture>;

/// Puts the packets of one connection through a media::Timeline and keeps those that it holds back. One thread at a
/// time.
class PacketClock {
 public:
  explicit PacketClock(const media::StreamInfo& info);

  /// Appends to `out` what is settled by `packet` (none, it, or several), with repaired times, and before each what was
  /// lost in front of it.
  void push(media::Packet packet, std::vector<SettledItem>& out);
  /// Appends what is still held.
  void flush(std::vector<SettledItem>& out);

  const media::TimelineCounters& counters() const { return timeline_.counters(); }

 private:
  struct Held {
    std::uint64_t id;
    media::Packet packet;
  };
  bool follows_hole(const media::PacketStamp& stamp, bool is_cut);
  void hand_on(std::vector<SettledItem>& out);

  media::Timeline timeline_;
  int packets_to_hole_ = 0;  ///< in front of one of so many packets bytes are missing; 0: of none
  std::optional<std::chrono::nanoseconds> newest_stamp_;
  std::chrono::nanoseconds step_{};  ///< to the newest stamp from the one before
  std::uint64_t next_id_ = 0;
  std::vector<Held> held_;
  std::vector<media::TimedPacket> timed_;
};

}  // namespace ocelli::engine
