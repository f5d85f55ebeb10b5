#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "media/packet.h"
#include "media/source.h"
#include "media/timeline.h"

namespace ocelli::engine {

/// Puts the packets of one connection through a media::Timeline and keeps those that it holds back. One thread at a
/// time.
class PacketClock {
 public:
  explicit PacketClock(const media::StreamInfo& info);

  /// Appends to `out` what is settled by `packet` (none, it, or several), with repaired times.
  void push(media::Packet packet, std::vector<media::Packet>& out);
  /// Appends what is still held.
  void flush(std::vector<media::Packet>& out);

  const media::TimelineCounters& counters() const { return timeline_.counters(); }

 private:
  struct Held {
    std::uint64_t id;
    media::Packet packet;
  };
  void hand_on(std::vector<media::Packet>& out);

  media::Timeline timeline_;
  std::uint64_t next_id_ = 0;
  std::vector<Held> held_;
  std::vector<media::TimedPacket> timed_;
};

}  // namespace ocelli::engine
