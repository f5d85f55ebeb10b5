#pragma once

#include <string>
#include <vector>

namespace ocelli::media {

/// A codec that cameras speak, and what would decode it here.
struct DecoderInfo {
  std::string codec;  ///< "H.264"
  std::string name;   ///< FFmpeg's decoder, e.g. "h264"
  bool available = false;
};

/// The codecs that ocelli promises, with their decoders on this machine.
std::vector<DecoderInfo> decoders();

/// FFmpeg's name of the encoder that VideoWriter would take, or what is missing.
std::string video_encoder_name();

}  // namespace ocelli::media
