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

PacketClock::PacketClock() : timeline_(media::TimelineConfig()) {
  held_.reserve(kUsuallyHeld);
  timed_.reserve(kUsuallyHeld);
  settled_.reserve(kUsuallyHeld);
  being_handed_on_.reserve(kUsuallyHeld);
}

void PacketClock::begin(const media::StreamInfo& info, HandOn hand_on) {
  end();
  const base::MutexLock lock(mutex_);
  hand_on_ = std::move(hand_on);
  timeline_ = media::Timeline(config_of(info));
  began_ = false;
  packets_to_hole_ = 0;
  newest_stamp_.reset();
  step_ = {};
  is_open_ = true;
}

void PacketClock::end() {
  const base::MutexLock lock(mutex_);
  is_open_ = false;
  handed_on_.wait(mutex_, {}, [this]() OC_REQUIRES(mutex_) { return !is_handing_on_; });
  held_.clear();
}

base::Status PacketClock::push(media::Packet packet) {
  {
    const base::MutexLock lock(mutex_);
    const std::uint64_t id = next_id_++;
    media::PacketStamp stamp = packet.stamp(id);
    stamp.follows_loss = follows_hole(stamp, packet.is_cut());
    timeline_.push(stamp, timed_);
    held_.push_back({id, std::move(packet)});
    collect();
  }
  return hand_on_settled();
}

base::Status PacketClock::flush() {
  {
    const base::MutexLock lock(mutex_);
    if (!is_open_) return {};  // what was held is gone already
    timeline_.flush(timed_);
    collect();
  }
  return hand_on_settled();
}

base::Status PacketClock::expire(base::SteadyTime now) {
  {
    const base::MutexLock lock(mutex_);
    if (!is_open_) return {};
    timeline_.expire(now, timed_);
    collect();
  }
  return hand_on_settled();
}

std::optional<base::SteadyTime> PacketClock::deadline() const {
  const base::MutexLock lock(mutex_);
  return is_open_ ? timeline_.deadline() : std::nullopt;
}

media::TimelineCounters PacketClock::counters() const {
  const base::MutexLock lock(mutex_);
  return timeline_.counters();
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

void PacketClock::collect() {
  for (const media::TimedPacket& timed : timed_) {
    if (timed.quality == media::TimeQuality::placeholder) {
      settled_.emplace_back(LostPicture{timed.pts});
      continue;
    }
    const auto held = std::find_if(held_.begin(), held_.end(), [&](const HeldPacket& h) { return h.id == timed.id; });
    held->packet.retime(timed);
    began_ = began_ || held->packet.is_key();
    if (timed.lacks_reference && began_) held->packet.mark_lack_of_reference();
    settled_.emplace_back(std::move(held->packet));
    held_.erase(held);
  }
  timed_.clear();
}

base::Status PacketClock::hand_on_settled() {
  {
    const base::MutexLock lock(mutex_);
    if (is_handing_on_) return {};
    is_handing_on_ = true;
  }
  base::Status status;
  while (take_settled()) {
    for (SettledItem& item : being_handed_on_) {
      if (status) status = hand_on_(item);
    }
    being_handed_on_.clear();
  }
  return status;
}

/// False when there is nothing more: then whoever comes next hands on.
bool PacketClock::take_settled() {
  {
    const base::MutexLock lock(mutex_);
    std::swap(settled_, being_handed_on_);
    is_handing_on_ = !being_handed_on_.empty();
    if (is_handing_on_) return true;
  }
  handed_on_.notify_all();
  return false;
}

}  // namespace ocelli::engine
