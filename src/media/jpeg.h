#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "media/frame.h"

namespace ocelli::media {

using Bytes = std::vector<std::uint8_t>;

/// JPEG (4:2:0, baseline) straight from YUV planes, without an RGB picture in between; JFIF's colour (BT.601, full
/// range) is reached by rescaling the samples only when the frame has another. Reuses its buffers; one thread at a
/// time.
class JpegEncoder {
 public:
  static base::Result<std::unique_ptr<JpegEncoder>> create();
  virtual ~JpegEncoder() = default;

  /// `quality` 1…100.
  virtual base::Result<Bytes> encode(const Frame& frame, int quality) = 0;
};

}  // namespace ocelli::media
