#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "media/media_time.h"

namespace ocelli::engine {

/// Tells a line that lost pictures from a camera that sends few, or sends them in bursts: only the first skips media
/// time. For packets in decoding order. One thread at a time.
class StepWatch {
 public:
  /// A connection begins, which goes on elsewhere on the axis.
  void begin() { last_.reset(); }

  /// Whether far more time lies between this packet and the one before than usual.
  bool skips(media::MediaTime time) {
    const auto before = std::exchange(last_, time);
    if (!before) return false;
    const std::chrono::nanoseconds step = std::chrono::abs(time - *before);
    if (usual_.count() == 0) usual_ = step;
    const bool skips = step > usual_ * kStepsToASkip;
    usual_ += (std::min(step, usual_ * 2) - usual_) / kMemory;  // a camera may become slow, but not at once
    return skips;
  }

 private:
  static constexpr int kStepsToASkip = 6;  // more than reordering makes of one
  static constexpr int kMemory = 8;

  std::optional<media::MediaTime> last_;
  std::chrono::nanoseconds usual_{};
};

}  // namespace ocelli::engine
