#include "media/gop_ring.h"

#include <algorithm>
#include <utility>

namespace ocelli::media {
namespace {

// AVPacket, AVBufferRef, AVBuffer, the padding behind the bytes, and Packet.
constexpr std::size_t kAroundAPacket = 320;

}  // namespace

std::size_t packet_cost(const Packet& packet) {
  return packet.bytes().size() + kAroundAPacket;
}

void GopRing::clear() {
  groups_.clear();
  bytes_ = 0;
}

void GopRing::drop_front() {
  bytes_ -= groups_.front().bytes;
  groups_.pop_front();
}

void GopRing::push(Packet packet) {
  if (groups_.empty() && !packet.is_key()) return;
  const MediaTime time = packet.has_time() ? packet.time() : newest_;
  newest_ = groups_.empty() ? time : std::max(newest_, time);
  if (packet.is_key()) groups_.push_back({time, 0, {}});
  const std::size_t cost = packet_cost(packet);
  groups_.back().bytes += cost;
  bytes_ += cost;
  groups_.back().packets.push_back(std::move(packet));

  while (groups_.size() > 1 && (bytes_ > bounds_.most_bytes || newest_ - groups_[1].begin >= bounds_.history)) {
    drop_front();
  }
  if (bytes_ <= bounds_.most_bytes) return;
  ++groups_given_up_;
  clear();
}

std::vector<Packet> GopRing::range(MediaTime from, MediaTime to) const {
  std::vector<Packet> packets;
  auto first = groups_.begin();
  for (auto group = groups_.begin(); group != groups_.end(); ++group) {
    if (group->begin <= from) first = group;
  }
  for (; first != groups_.end(); ++first) {
    for (const Packet& packet : first->packets) {
      if (packet.has_time() && packet.time() > to) return packets;
      auto handle = packet.share();
      if (!handle) return packets;  // out of memory: what is there so far can be decoded
      packets.push_back(*std::move(handle));
    }
  }
  return packets;
}

}  // namespace ocelli::media
