#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "media/frame.h"

namespace ocelli::media {

/// Frames into an MP4 file: H.264 where this FFmpeg can encode it, MPEG-4 part 2 otherwise. Presentation times are
/// kept. Writes to `path` as given; the caller renames it once finish() succeeded. One thread at a time.
class VideoWriter {
 public:
  /// Size and format are those of the first frame: yuv420p, even width and height are not required.
  static base::Result<std::unique_ptr<VideoWriter>> create(const std::string& path, const FrameInfo& first,
                                                           double frames_per_second);
  virtual ~VideoWriter() = default;

  virtual base::Status write(const Frame& frame) = 0;
  virtual base::Status finish() = 0;
};

}  // namespace ocelli::media
