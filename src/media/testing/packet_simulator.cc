#include "media/testing/packet_simulator.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace ocelli::media::testing {

namespace {

constexpr double kMillisecond = 1e6;
constexpr double kSecond = 1e9;
constexpr double kRtpTick = 1e9 / 90'000;

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

double Random::exponential(double mean) {
  return -mean * std::log(1 - uniform());
}

double Random::normal() {
  return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform());
}

CameraMix everyday_mix() {
  return {};
}

CameraMix held_out_mix() {
  CameraMix mix;
  mix.frames_per_second = {8, 12, 15, 18, 24, 30};
  mix.exposure_driven = 0.06;
  mix.irregular = 0.01;
  mix.rate_changes_per_hour = 0.2;
  mix.stalls_per_hour = 1;
  mix.few_drops = 0.4;
  mix.many_drops = 0.05;
  mix.reboots_per_hour = 0.06;
  mix.at_encode_end = 0.44;
  mix.at_send = 0.20;
  mix.coarse_timer = 0.05;
  mix.key_frame_cost = 1.4;
  mix.encode_jitter = 0.15;
  mix.wall_clock = 0.4;
  mix.clock_steps_per_hour = 1;
  mix.drift_ppm = 100;
  mix.duplicates = 0.03;
  mix.zeros = 0.04;
  mix.missing = 0.05;
  mix.jumps = 0.05;
  mix.spikes = 0.01;
  mix.bidirectional = 0.04;
  mix.bidirectional_without_pts = 0.4;
  mix.wireless = 0.5;
  mix.datagrams = 0.15;
  mix.declared_rate = 0.5;
  return mix;
}

PacketSimulator::PacketSimulator(const CameraMix& mix, std::uint64_t seed, std::chrono::nanoseconds duration)
    : random_(seed), duration_(static_cast<double>(duration.count())) {
  draw_camera(mix);
  draw_faults(mix);
}

void PacketSimulator::draw_camera(const CameraMix& mix) {
  const auto rate = static_cast<std::size_t>(random_.uniform() * static_cast<double>(mix.frames_per_second.size()));
  base_interval_ = interval_ = kSecond / mix.frames_per_second[rate];
  key_interval_ = random_.uniform(1, 4) * kSecond;
  bidirectional_ = random_.chance(mix.bidirectional);
  const double kind = random_.uniform();
  if (kind < mix.exposure_driven) sensor_ = Sensor::exposure_driven;
  if (kind > 1 - mix.irregular) sensor_ = Sensor::irregular;
  rate_changes_per_hour_ = sensor_ == Sensor::regular ? mix.rate_changes_per_hour : 0;
  stalls_per_hour_ = mix.stalls_per_hour;
  reboots_per_hour_ = mix.reboots_per_hour;
  const double drops = random_.uniform();
  drop_chance_ = drops < mix.many_drops                   ? random_.uniform(0.01, 0.04)
                 : drops < mix.many_drops + mix.few_drops ? random_.uniform(0.001, 0.01)
                                                          : random_.uniform(0, 0.001);

  draw_stamping(mix);
  draw_network(mix);

  config_.source = SourceKind::live;
  if (random_.chance(mix.declared_rate)) {
    const double declared = random_.chance(0.1) ? base_interval_ * (random_.chance(0.5) ? 2 : 0.8) : base_interval_;
    config_.nominal_interval = std::chrono::nanoseconds(static_cast<std::int64_t>(declared));
  }
}

void PacketSimulator::draw_stamping(const CameraMix& mix) {
  // Sources of truly variable rate, and encoders that reorder, carry capture times: they could not work otherwise.
  const double when = random_.uniform();
  if (sensor_ == Sensor::regular && !bidirectional_) {
    if (when < mix.at_encode_end) {
      stamping_ = Stamping::encode_end;
    } else if (when < mix.at_encode_end + mix.at_send) {
      stamping_ = Stamping::send;
    } else if (when < mix.at_encode_end + mix.at_send + mix.coarse_timer) {
      stamping_ = Stamping::timer;
    }
  }
  encode_time_ = random_.uniform(0.2, 0.6) * base_interval_;
  encode_jitter_ = random_.uniform(0.01, mix.encode_jitter) * base_interval_;
  key_extra_ = random_.uniform(0.1, 1) * mix.key_frame_cost * base_interval_;
  send_time_ = random_.uniform(0.03, 0.25) * base_interval_;
  key_size_ = random_.uniform(4, 12);

  tick_ = random_.chance(0.7) ? kRtpTick : kMillisecond;
  if (stamping_ == Stamping::timer) tick_ = random_.chance(0.5) ? 15.625 * kMillisecond : 10 * kMillisecond;
  wall_clock_ = random_.chance(mix.wall_clock);
  drift_ = std::clamp(random_.normal() * mix.drift_ppm, -200.0, 200.0) * 1e-6;
  clock_offset_ = wall_clock_ ? 1.7e18 : random_.uniform(0, 40'000) * kSecond;
  if (tick_ == kRtpTick) {
    wrap_ = static_cast<double>(kRtpWrapPeriod.count());
    clock_offset_ = std::fmod(clock_offset_, wrap_);
    if (random_.chance(0.8)) config_.wrap_period = kRtpWrapPeriod;
  }
}

void PacketSimulator::draw_network(const CameraMix& mix) {
  const bool wireless = random_.chance(mix.wireless);
  network_base_ = random_.uniform(1, 30) * kMillisecond;
  network_jitter_ = (wireless ? random_.uniform(3, 15) : random_.uniform(0.2, 3)) * kMillisecond;
  bursts_per_hour_ = wireless ? random_.uniform(20, 240) : random_.uniform(0, 10);
  burst_length_ = (wireless ? random_.uniform(50, 250) : random_.uniform(20, 80)) * kMillisecond;
  if (random_.chance(mix.datagrams)) {
    loss_chance_ = random_.chance(0.5) ? random_.uniform(0, 0.0005) : random_.uniform(0.0005, 0.01);
    overtake_chance_ = random_.uniform(0, 0.0003);
  }
}

void PacketSimulator::draw_faults(const CameraMix& mix) {
  if (wall_clock_) clock_steps_per_hour_ = mix.clock_steps_per_hour;
  if (random_.chance(mix.duplicates)) duplicate_chance_ = random_.uniform(0.002, 0.03);
  if (random_.chance(mix.zeros)) zero_chance_ = random_.uniform(0.001, 0.01);
  if (random_.chance(mix.missing)) missing_chance_ = random_.uniform(0.005, 0.1);
  if (random_.chance(mix.jumps)) jumps_per_hour_ = mix.jumps_per_hour;
  if (random_.chance(mix.spikes)) spikes_per_hour_ = mix.spikes_per_hour;
  if (!bidirectional_) return;
  gives_dts_ = random_.chance(0.5);
  if (random_.chance(0.9)) config_.reorder_depth = 1;
  if (random_.chance(mix.bidirectional_without_pts)) {
    without_pts_ = gives_dts_ ? WithoutPts::pts : WithoutPts::both;
  }
}

bool PacketSimulator::next(SimulatedPacket& packet) {
  while (arrived_.empty()) {
    if (now_ >= duration_) return false;
    capture();
  }
  packet = arrived_.front();
  arrived_.pop_front();
  return true;
}

double PacketSimulator::next_interval() {
  if (sensor_ == Sensor::irregular) return base_interval_ * random_.uniform(0.6, 2.2);
  if (sensor_ == Sensor::exposure_driven) {
    // The light wanders; the interval follows it between the set one and its double.
    exposure_ = std::clamp(exposure_ + 0.01 * random_.normal(), 1.0, 2.0);
    return base_interval_ * exposure_;
  }
  return interval_;
}

void PacketSimulator::capture() {
  double elapsed = next_interval();
  while (random_.chance(drop_chance_)) elapsed += next_interval();
  if (happens(stalls_per_hour_, elapsed)) elapsed += 0.3 * kSecond + random_.exponential(0.8 * kSecond);
  const bool reboots = happens(reboots_per_hour_, elapsed);
  if (reboots) elapsed += random_.uniform(15, 60) * kSecond;
  if (happens(rate_changes_per_hour_, elapsed)) {
    constexpr std::array kFactors{1.0, 2.0, 1.5, 1.25, 4.0 / 3};
    interval_ = base_interval_ * kFactors[static_cast<std::size_t>(random_.uniform() * kFactors.size())];
  }
  now_ += elapsed;
  disturb_clock(elapsed);
  if (reboots) {
    last_key_ = -1e18;
    if (!wall_clock_) clock_offset_ = random_.uniform(0, 20) * kSecond - now_;
  }

  Frame frame;
  frame.number = frames_++;
  // Sensors are clocked by a crystal; the read-out adds microseconds.
  frame.captured = now_ + random_.normal() * 20e3;
  frame.stamp = frame.captured;
  frame.is_key = now_ - last_key_ >= key_interval_ && between_count_ == 0;
  if (frame.is_key) last_key_ = now_;
  encode(frame);
}

void PacketSimulator::disturb_clock(double elapsed) {
  clock_offset_ += drift_ * elapsed;
  if (happens(clock_steps_per_hour_, elapsed)) {
    clock_offset_ += random_.chance(0.8) ? random_.normal() * 60 * kMillisecond : random_.normal() * 3 * kSecond;
  }
  if (happens(jumps_per_hour_, elapsed)) {
    clock_offset_ += (random_.chance(0.5) ? 1 : -1) * random_.uniform(2, 200) * kSecond;
  }
}

/// One frame at a time: a key frame that takes long makes those after it late too.
void PacketSimulator::encode(Frame frame) {
  if (bidirectional_ && !frame.is_key && between_count_ < between_.size()) {
    frame.is_bidirectional = true;
    between_[between_count_++] = frame;
    return;
  }
  const double own =
      encode_time_ + random_.exponential(encode_jitter_) + (frame.is_key ? key_extra_ * random_.uniform(0.5, 1) : 0);
  encoder_free_ = std::max(encoder_free_, frame.captured) + own;
  if (stamping_ == Stamping::encode_end) frame.stamp = encoder_free_;
  frame.sent = std::max(encoder_free_, sender_free_);
  if (stamping_ == Stamping::send) frame.stamp = frame.sent;
  const double size = (frame.is_key ? key_size_ : 1) * random_.uniform(0.7, 1.3);
  sender_free_ = frame.sent + send_time_ * size;

  frame.decoded_as = bidirectional_ ? last_anchor_stamp_ : frame.stamp;
  if (last_anchor_stamp_ == 0) frame.decoded_as = frame.stamp - base_interval_;
  last_anchor_stamp_ = frame.stamp;
  const std::size_t between = between_count_;
  if (bidirectional_ && between > 0) {
    // dts of [P B B] are the presentation times of [previous P, B, B]: a reordering of one.
    send(frame);
    for (std::size_t i = 0; i < between; ++i) {
      between_[i].decoded_as = between_[i].stamp;
      between_[i].sent = frame.sent + static_cast<double>(i + 1) * 0.1 * base_interval_;
      send(between_[i]);
    }
    between_count_ = 0;
    return;
  }
  send(frame);
}

std::optional<std::chrono::nanoseconds> PacketSimulator::written(double stamp) const {
  double on_clock = std::floor((stamp + clock_offset_) / tick_) * tick_;
  if (wrap_ > 0) on_clock -= std::floor(on_clock / wrap_) * wrap_;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(on_clock));
}

void PacketSimulator::send(const Frame& frame) {
  if (random_.chance(loss_chance_)) {
    lost_before_ = true;
    return;
  }
  SimulatedPacket packet;
  packet.captured = static_cast<std::int64_t>(frame.captured);
  PacketStamp& stamp = packet.stamp;
  stamp.id = frame.number;
  stamp.is_key = frame.is_key;
  stamp.is_reference = !frame.is_bidirectional;
  stamp.follows_loss = std::exchange(lost_before_, false);
  stamp.pts = written(frame.stamp);
  if (gives_dts_) stamp.dts = written(frame.decoded_as);
  if (random_.chance(duplicate_chance_) && last_written_ && !bidirectional_) stamp.pts = last_written_;
  last_written_ = stamp.pts;
  if (random_.chance(zero_chance_)) stamp.pts = std::chrono::nanoseconds(0);
  if (happens(spikes_per_hour_, base_interval_))
    stamp.pts = *stamp.pts + std::chrono::seconds(static_cast<int>(random_.uniform(-5000, 5000)));
  if (random_.chance(missing_chance_)) stamp.pts.reset();
  if (frame.is_bidirectional && without_pts_ != WithoutPts::none) stamp.pts.reset();
  if (gives_dts_ && !stamp.pts && without_pts_ == WithoutPts::none) stamp.dts.reset();

  double arrival = std::max(frame.sent, sender_free_) + network_base_ + random_.exponential(network_jitter_);
  if (happens(bursts_per_hour_, base_interval_)) blocked_until_ = arrival + random_.exponential(burst_length_);
  arrival = std::max({arrival, blocked_until_, last_arrival_ + 30e3});
  last_arrival_ = arrival;
  stamp.arrived = base::SteadyTime(std::chrono::nanoseconds(static_cast<std::int64_t>(arrival)));

  if (overtaken_) {
    arrived_.push_back(packet);
    overtaken_->stamp.arrived = stamp.arrived + std::chrono::microseconds(300);
    last_arrival_ += 300e3;
    arrived_.push_back(*overtaken_);
    overtaken_.reset();
  } else if (random_.chance(overtake_chance_)) {
    overtaken_ = packet;
  } else {
    arrived_.push_back(packet);
  }
}

}  // namespace ocelli::media::testing
