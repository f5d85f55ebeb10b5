#include "media/packet_gate.h"

#include <cmath>

namespace ocelli::media {
namespace {

// A rate is met when no more than this share of it is missing: 29.97 serves for 30.
constexpr double kTolerance = 0.05;

/// Whether pictures at this distance can be thinned to the wanted one without limping: they hit it, or lie at least
/// twice as dense.
bool serves(double distance_s, double wanted_s) {
  const double ratio = wanted_s / distance_s;
  return ratio >= 2 || (ratio >= 1 - kTolerance && ratio <= 1 + kTolerance);
}

}  // namespace

std::string_view decode_level_name(DecodeLevel level) {
  switch (level) {
    case DecodeLevel::automatic:
      return "auto";
    case DecodeLevel::every:
      return "every";
    case DecodeLevel::referenced:
      return "referenced";
    case DecodeLevel::key:
      return "key";
  }
  return "every";
}

void PacketGate::begin(std::optional<NalFormat> format) {
  const base::MutexLock lock(mutex_);
  format_ = format;
  top_layer_ = 0;
  group_.reset();
  broken_ = false;
  level_ = demand_.level == DecodeLevel::automatic ? DecodeLevel::every : demand_.level;
}

void PacketGate::set_demand(const DecodeDemand& demand) {
  const base::MutexLock lock(mutex_);
  demand_ = demand;
}

DecodeLevel PacketGate::level() const {
  const base::MutexLock lock(mutex_);
  return level_;
}

std::uint64_t PacketGate::left_out() const {
  const base::MutexLock lock(mutex_);
  return left_out_;
}

bool PacketGate::wants_every() const {
  return demand_.level == DecodeLevel::every ||
         (demand_.level == DecodeLevel::automatic && demand_.frames_per_second <= 0);
}

bool PacketGate::is_reference(const Packet& packet) {
  if (packet.is_disposable()) return false;
  if (!format_) return true;
  const auto role = picture_role(packet.bytes(), *format_);
  if (!role) return true;
  // In H.265 "not a reference" holds within a temporal layer; a picture of a lower one may still serve a higher one.
  top_layer_ = std::max(top_layer_, role->temporal_layer);
  return role->is_reference || role->temporal_layer < top_layer_;
}

DecodeLevel PacketGate::choose(std::chrono::nanoseconds group_duration) const {
  if (demand_.level != DecodeLevel::automatic) return demand_.level;
  const double group_s = std::chrono::duration<double>(group_duration).count();
  if (demand_.frames_per_second <= 0 || group_s <= 0) return DecodeLevel::every;
  const double wanted_s = 1 / demand_.frames_per_second;
  if (serves(group_s, wanted_s)) return DecodeLevel::key;
  if (group_->references < group_->pictures && serves(group_s / group_->references, wanted_s)) {
    return DecodeLevel::referenced;
  }
  return DecodeLevel::every;
}

GateVerdict PacketGate::admit(const Packet& packet) {
  const base::MutexLock lock(mutex_);
  if (level_ == DecodeLevel::every && wants_every() && !broken_) {  // usual, so nothing is looked at
    group_.reset();
    return GateVerdict::pass;
  }
  const bool reference = packet.is_key() || is_reference(packet);
  if (packet.is_key()) {
    if (group_) {
      level_ = choose(packet.time() - group_->begin);
    } else if (demand_.level != DecodeLevel::automatic) {
      level_ = demand_.level;
    }
    group_ = Group{packet.time(), 0, 0};
    broken_ = false;
  } else if (demand_.level > level_) {
    level_ = demand_.level;  // less, at once
  }
  const int place = group_ ? group_->pictures : 0;
  if (group_) {
    ++group_->pictures;
    group_->references += reference ? 1 : 0;
  }
  bool wanted = !broken_;
  if (level_ == DecodeLevel::referenced) wanted = wanted && reference;
  if (level_ == DecodeLevel::key) wanted = wanted && (packet.is_key() || (group_ && place <= demand_.after_key));
  if (wanted) {
    return level_ == DecodeLevel::key && place >= demand_.after_key ? GateVerdict::pass_last : GateVerdict::pass;
  }
  broken_ = broken_ || reference;
  ++left_out_;
  return GateVerdict::leave_out;
}

}  // namespace ocelli::media
