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

PacketStamp Packet::stamp(std::uint64_t id) const {
  const auto time = [](std::int64_t stamp) -> std::optional<std::chrono::nanoseconds> {
    if (stamp == AV_NOPTS_VALUE) return std::nullopt;
    return std::chrono::nanoseconds(stamp);
  };
  PacketStamp stamp;
  stamp.id = id;
  stamp.pts = time(packet_->pts);
  stamp.dts = time(packet_->dts);
  stamp.arrived = arrived_;
  stamp.is_key = is_key_;
  return stamp;
}

void Packet::retime(const TimedPacket& timed) {
  time_ = timed.pts;
  time_quality_ = timed.quality;
  packet_->pts = timed.pts.time_since_epoch().count();
  packet_->dts = timed.dts.time_since_epoch().count();
}

std::optional<Packet> Packet::share() const {
  const std::shared_ptr<PacketPool>& pool = packet_.get_deleter().pool;
  std::unique_ptr<AVPacket, Deleter> handle(pool ? pool->shells.take() : av_packet_alloc(), Deleter{pool});
  if (!handle || av_packet_ref(handle.get(), packet_.get()) < 0) return std::nullopt;
  Packet shared(std::move(handle), time_, is_key_, arrived_);
  shared.time_quality_ = time_quality_;
  shared.lacks_reference_ = lacks_reference_;
  return shared;
}

bool Packet::has_time() const {
  return packet_->pts != AV_NOPTS_VALUE || packet_->dts != AV_NOPTS_VALUE;
}

bool Packet::is_cut() const {
  return (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
}

bool Packet::is_disposable() const {
  return (packet_->flags & AV_PKT_FLAG_DISPOSABLE) != 0;
}

}  // namespace ocelli::media
