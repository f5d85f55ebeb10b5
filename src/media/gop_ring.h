#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "media/media_time.h"
#include "media/packet.h"

namespace ocelli::media {

/// The newest packets of one connection, in groups of pictures: each begins at a key frame, so that whatever is kept
/// can be decoded. Holds references to the demuxer's packets and no copies. Bounded by time and by bytes: whole groups
/// fall out at the front. A single group that is larger than the bound is given up as a whole and counted, and nothing
/// is kept until the next key frame: its tail cannot be decoded without its head, and its head without its tail would
/// show the past with a hole before the present. One thread at a time.
class GopRing {
 public:
  struct Bounds {
    /// At least this much of the past is kept as long as the bytes suffice; at most one group more.
    std::chrono::nanoseconds history{};
    std::size_t most_bytes = 0;  ///< of all packets, see packet_cost()
  };

  explicit GopRing(const Bounds& bounds) : bounds_(bounds) {}

  /// Times may be out of order by as much as pictures are.
  void push(Packet packet);
  void clear();

  /// What a clip from `from` to `to` needs, as handles of its own: from the newest key frame at or before `from`, or
  /// the oldest there is, up to the first packet behind `to`. Empty when nothing of that time is kept.
  std::vector<Packet> range(MediaTime from, MediaTime to) const;

  bool empty() const { return groups_.empty(); }
  std::size_t bytes() const { return bytes_; }
  /// Groups that were given up because they were larger than the bound.
  std::uint64_t groups_given_up() const { return groups_given_up_; }

 private:
  struct Group {
    MediaTime begin;
    std::size_t bytes = 0;
    std::vector<Packet> packets;
  };

  void drop_front();

  const Bounds bounds_;
  std::deque<Group> groups_;
  std::size_t bytes_ = 0;
  MediaTime newest_{};
  std::uint64_t groups_given_up_ = 0;
};

/// The memory that a packet holds: its bytes, and what FFmpeg and we need around them. The latter counts, since a
/// stream may consist of millions of empty packets.
std::size_t packet_cost(const Packet& packet);

}  // namespace ocelli::media
