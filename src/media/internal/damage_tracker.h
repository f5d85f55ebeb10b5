#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/metrics.h"
#include "media/frame.h"
#include "media/internal/ffmpeg.h"

namespace ocelli::media::internal {

/// Tells which pictures an error can have reached. Pictures leave in another order than packets came, so each carries
/// the number of its packet; only a whole key frame from behind the newest error ends the damage.
class DamageTracker {
 public:
  explicit DamageTracker(base::Counter corrupt) : corrupt_(corrupt) {}

  /// The number that pictures of the next packet carry: from 1 up.
  std::int64_t begin_packet() { return ++packet_; }
  std::int64_t newest_packet() const { return packet_; }

  void note_error() { note_error_in(packet_); }
  /// The newest packet may build on one that was lost, which is no fault of its own.
  void note_loss() { damage_from(packet_); }

  FrameQuality judge(const AVFrame& frame, std::int64_t packet) {
    const bool lacks_reference = (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;  // so its own packet may be whole
    if (frame.decode_error_flags != 0) note_error_in(packet);
    if (lacks_reference) damage_from(packet);
    const bool whole = frame.decode_error_flags == 0 && !lacks_reference;
    if (whole && frame.key_frame != 0 && packet > newest_error_) {
      healed_ = healed_ || first_error_ != kNone;
      first_error_ = kNone;
    }
    return packet >= first_error_ ? FrameQuality::damaged : FrameQuality::good;
  }

  /// Whether there was damage, and a whole key frame has ended it. Forgotten by forget_damage().
  bool healed() const { return healed_ && first_error_ == kNone; }
  void forget_damage() { healed_ = false; }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  void note_error_in(std::int64_t packet) {
    if (packet > newest_error_) corrupt_.add();
    damage_from(packet);
  }

  void damage_from(std::int64_t packet) {
    first_error_ = std::min(first_error_, packet);
    newest_error_ = std::max(newest_error_, packet);
  }

  base::Counter corrupt_;
  std::int64_t packet_ = 0;
  std::int64_t first_error_ = kNone;  // since the last whole key frame
  std::int64_t newest_error_ = -1;
  bool healed_ = false;
};

}  // namespace ocelli::media::internal
