#pragma once

#include <cstdint>
#include <string>

extern "C" {
#include <libavutil/base64.h>
}

namespace ocelli::farm {

inline std::string base64(const std::string& bytes) {
  std::string text(AV_BASE64_SIZE(bytes.size()), '\0');
  av_base64_encode(text.data(), static_cast<int>(text.size()), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                   static_cast<int>(bytes.size()));
  text.pop_back();  // the terminating zero that FFmpeg counts
  return text;
}

}  // namespace ocelli::farm
