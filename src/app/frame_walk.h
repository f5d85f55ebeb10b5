#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "media/frame.h"
#include "media/media_time.h"

namespace ocelli::app {

/// Which frames of an input are looked at.
struct FrameRange {
  std::optional<double> max_fps;         ///< no more than these per second of video
  std::optional<media::MediaTime> from;  ///< first frame
  std::optional<media::MediaTime> to;    ///< end
};

/// Decodes a picture or clip and calls `use` for each frame of the range, in order; gives their number. Ends with the
/// error of `use`, with `cancelled` after `stop`, and with `corrupt` when nothing in the input can be decoded.
base::Result<std::size_t> walk_frames(const std::string& input, const FrameRange& range, base::Clock& clock,
                                      const std::stop_token& stop,
                                      const std::function<base::Status(const media::Frame&)>& use);

}  // namespace ocelli::app
