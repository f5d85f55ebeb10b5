#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/media_time.h"

namespace ocelli::media::testing {

struct Picture {
  MediaTime time;
  std::uint64_t pixels = 0;  ///< hash of every sample
};

/// Every picture of a video file, decoded. Fails the running test when the file cannot be read.
std::vector<Picture> decode_pictures(const std::string& path);

}  // namespace ocelli::media::testing
