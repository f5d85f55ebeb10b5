#include "media/packet.h"

#include "media/internal/packet_pool.h"

namespace ocelli::media {

void Packet::Deleter::operator()(AVPacket* packet) const {
  if (pool) {
    pool->shells.give_back(packet);
  } else {
    av_packet_free(&packet);
  }
}

std::span<const std::uint8_t> Packet::bytes() const {
  return {packet_->data, static_cast<std::size_t>(packet_->size)};
}

bool Packet::is_disposable() const {
  return (packet_->flags & AV_PKT_FLAG_DISPOSABLE) != 0;
}

}  // namespace ocelli::media
