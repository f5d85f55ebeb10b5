#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "media/frame.h"

namespace ocelli::engine {

/// Keeps pictures that an error has reached (media::FrameQuality::damaged) from the analysis: what is torn or smeared
/// looks like people who are not there. But only where damage is rare. A line that always loses something, or a camera
/// whose stream FFmpeg complains of for no good reason, would be blind, and to see badly is better than not to see. So
/// left-out pictures use up a credit of media time, whole ones earn it back; with nothing left everything is analysed,
/// until all of it has been earned back. One thread at a time.
class DamageGate {
 public:
  /// `credit`: the most that is left out at a stretch; 0: nothing ever is.
  explicit DamageGate(std::chrono::nanoseconds credit) : most_(credit), credit_(credit) {}

  /// Whether this picture is analysed. Asked of every decoded one, in order of time.
  bool admit(const media::FrameInfo& frame) {
    constexpr int kWholePerDamaged = 4;  // so much whole video earns the credit for damaged
    const bool is_whole = frame.quality == media::FrameQuality::good;
    const std::chrono::nanoseconds elapsed = frame.time - last_.value_or(frame.time);
    last_ = frame.time;
    credit_ += is_whole ? elapsed / kWholePerDamaged : -elapsed;
    credit_ = std::clamp(credit_, std::chrono::nanoseconds(0), most_);
    if (credit_ == most_) takes_damaged_ = false;
    if (credit_.count() == 0) takes_damaged_ = true;
    return is_whole || takes_damaged_;
  }

  /// Damage is no exception here: everything is analysed.
  bool takes_damaged() const { return takes_damaged_; }

 private:
  const std::chrono::nanoseconds most_;
  std::chrono::nanoseconds credit_;
  std::optional<media::MediaTime> last_;
  bool takes_damaged_ = false;
};

}  // namespace ocelli::engine
