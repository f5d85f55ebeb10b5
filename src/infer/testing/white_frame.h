#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "media/frame.h"

namespace ocelli::infer::testing {

/// A white picture: on it, tiny_model() gives its values as they are.
inline media::FramePtr white(int width, int height) {
  media::FrameInfo info;
  info.format = media::PixelFormat::bgr24;
  info.width = width;
  info.height = height;
  auto builder = media::FrameBuilder::create(info);
  std::fill_n(builder->plane(0), builder->stride_bytes(0) * height, std::uint8_t{255});
  return std::move(*builder).freeze();
}

}  // namespace ocelli::infer::testing
