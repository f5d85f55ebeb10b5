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

void PacketClock::push(media::Packet packet, std::vector<SettledItem>& out) {
  const std::uint64_t id = next_id_++;
  media::PacketStamp stamp = packet.stamp(id);
  stamp.follows_loss = follows_hole(stamp, packet.is_cut());
  timeline_.push(stamp, timed_);
  held_.push_back({id, std::move(packet)});
  hand_on(out);
}

/// A demuxer marks the packet in which it noticed that bytes are missing: the last one before the hole or, where a
/// parser divides its bytes into pictures, the one before that. So the hole lies where time jumps, if it does.
bool PacketClock::follows_hole(const media::PacketStamp& stamp, bool is_cut) {
  constexpr int kFarthest = 2;
  bool jumps = false;
  if (const auto time = stamp.dts ? stamp.dts : stamp.pts) {
    const auto step = *time - newest_stamp_.value_or(*time);
    jumps = step_.count() > 0 && step > step_ && step - step_ > step_ / 2;
    step_ = step;
    newest_stamp_ = time;
  }
  const bool ends = packets_to_hole_ == 1 || (packets_to_hole_ > 0 && jumps);
  packets_to_hole_ = ends ? 0 : std::max(packets_to_hole_ - 1, 0);
  if (is_cut && packets_to_hole_ == 0) packets_to_hole_ = kFarthest;
  return ends;
}

void PacketClock::flush(std::vector<SettledItem>& out) {
  timeline_.flush(timed_);
  hand_on(out);
}

void PacketClock::hand_on(std::vector<SettledItem>& out) {
  for (const media::TimedPacket& timed : timed_) {
    if (timed.quality == media::TimeQuality::placeholder) {
      out.emplace_back(LostPicture{timed.pts});
      continue;
    }
    const auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& h) { return h.id == timed.id; });
    held->packet.retime(timed);
    out.emplace_back(std::move(held->packet));
    held_.erase(held);
  }
  timed_.clear();
}

}  // namespace ocelli::engine
