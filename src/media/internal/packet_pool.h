#pragma once

#include <memory>

#include "media/internal/ffmpeg.h"
#include "media/packet.h"

namespace ocelli::media {

class PacketPool {
 public:
  internal::PacketShells shells;
};

namespace internal {

using AvPacketPtr = std::unique_ptr<AVPacket, Packet::Deleter>;

/// An empty packet of the pool; null when memory has run out.
inline AvPacketPtr take_packet(const std::shared_ptr<PacketPool>& pool) {
  return {pool->shells.take(), Packet::Deleter{pool}};
}

}  // namespace internal
}  // namespace ocelli::media
