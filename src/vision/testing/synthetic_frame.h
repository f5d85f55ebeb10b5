#pragma once

#include <cstdint>

#include "media/frame.h"

namespace ocelli::vision::testing {

/// How the rows of a synthetic frame lie in memory.
enum class RowLayout {
  tight,      ///< stride = row
  padded,     ///< some bytes between rows
  bottom_up,  ///< padded, negative stride
};

/// Independent random samples in memory that ends with the last sample, so that a sanitizer sees any read beyond.
media::FramePtr random_frame(const media::FrameInfo& info, RowLayout layout, std::uint32_t seed);

/// A picture like a camera's: a lit gradient, soft shapes in several colours with edges, fine texture, sensor noise.
media::FramePtr scene_frame(const media::FrameInfo& info, std::uint32_t seed);

}  // namespace ocelli::vision::testing
