#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ocelli::farm {

enum class Codec { h264, h265 };

/// What a camera shows.
struct ClipConfig {
  int width = 640;
  int height = 360;
  int frames_per_second = 25;
  std::int64_t bits_per_second = 800'000;
  Codec codec = Codec::h264;
  int key_interval_s = 2;
  int loop_s = 10;  ///< A multiple of key_interval_s: the loop begins with a key frame.

  int picture_count() const { return loop_s * frames_per_second; }
  int pictures_per_key() const { return key_interval_s * frames_per_second; }
  bool operator==(const ClipConfig&) const = default;
};

/// One RTP payload, with the header of its fragment where it is one (RFC 6184 FU-A, RFC 7798 FU).
struct Packet {
  std::uint32_t offset = 0;
  std::uint32_t size_bytes = 0;
};

/// The packets of one picture: a range of Clip::packets.
struct Picture {
  std::uint32_t first_packet = 0;
  std::uint32_t packet_count = 0;
  std::uint32_t size_bytes = 0;
  bool is_key = false;
};

/// A looping clip cut into RTP payloads once, shared by all cameras that show it; immutable. Picture i carries the
/// number i.
struct Clip {
  ClipConfig config;
  std::vector<std::uint8_t> bytes;
  std::vector<Packet> packets;
  std::vector<Picture> pictures;
  std::vector<std::string> parameter_sets;  ///< VPS (H.265), SPS, PPS; without start codes.

  std::span<const Packet> packets_of(const Picture& picture) const {
    return std::span(packets).subspan(picture.first_packet, picture.packet_count);
  }
  std::span<const std::uint8_t> payload(const Packet& packet) const {
    return std::span(bytes).subspan(packet.offset, packet.size_bytes);
  }
};

/// The clip from `folder`, where it is encoded first if it is not there yet (seconds). Fails when the folder cannot be
/// written or FFmpeg lacks the encoder.
base::Result<Clip> load_clip(const ClipConfig& config, const std::filesystem::path& folder);

/// Adds one access unit in Annex B form to the clip as the next picture. Exposed for its test.
void add_picture(Clip& clip, std::span<const std::uint8_t> access_unit);

}  // namespace ocelli::farm
