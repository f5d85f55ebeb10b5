#include "engine/packet_clock.h"

#include <algorithm>
#include <utility>

namespace ocelli::engine {
namespace {

constexpr std::size_t kUsuallyHeld = 64;

media::TimelineConfig config_of(const media::StreamInfo& info) {
  media::TimelineConfig config;
  config.source = info.live ? media::SourceKind::live : media::SourceKind::file;
  if (info.frames_per_second > 0) {
    config.nominal_interval = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / info.frames_per_second));
  }
  config.wrap_period = info.wrap_period;
  config.reorder_depth = info.reorder_depth;
  return config;
}

}  // namespace

PacketClock::PacketClock(const media::StreamInfo& info) : timeline_(config_of(info)) {
  held_.reserve(kUsuallyHeld);
  timed_.reserve(kUsuallyHeld);
}

void PacketClock::push(media::Packet packet, std::vector<media::Packet>& out) {
  const std::uint64_t id = next_id_++;
  timeline_.push(packet.stamp(id), timed_);
  held_.push_back({id, std::move(packet)});
  hand_on(out);
}

void PacketClock::flush(std::vector<media::Packet>& out) {
  timeline_.flush(timed_);
  hand_on(out);
}

void PacketClock::hand_on(std::vector<media::Packet>& out) {
  for (const media::TimedPacket& timed : timed_) {
    if (timed.quality == media::TimeQuality::placeholder) continue;  // counted by the timeline
    const auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& h) { return h.id == timed.id; });
    held->packet.retime(timed);
    out.push_back(std::move(held->packet));
    held_.erase(held);
  }
  timed_.clear();
}

}  // namespace ocelli::engine
