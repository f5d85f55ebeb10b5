#pragma once

#include <chrono>
#include <cstdint>

#include "media/media_time.h"

namespace ocelli::engine {

/// Thins a stream to a target rate by media time: no sleeping, no drift, no bursts. One thread at a time.
class FrameGate {
 public:
  /// 0: everything passes.
  explicit FrameGate(double max_fps) {
    if (max_fps > 0) interval_ = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / max_fps));
  }

  /// Whether the frame of this time is analysed. Times increase.
  bool admit(media::MediaTime time) {
    if (interval_.count() == 0) return true;
    if (time < due_) return false;
    // The next one is due on the grid of the first, so that rounding does not add up; after a gap a new grid begins.
    const bool on_grid = time < due_ + interval_;
    due_ = (on_grid ? due_ : time) + interval_;
    return true;
  }

 private:
  std::chrono::nanoseconds interval_{0};
  media::MediaTime due_ = media::MediaTime::min();
};

}  // namespace ocelli::engine
