#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/uio.h>
#include <vector>

#include "tests/farm/clip.h"

namespace ocelli::farm {

inline constexpr std::size_t kRtpHeaderBytes = 12;
inline constexpr std::size_t kInterleavedHeaderBytes = 4;

/// A picture on its way: which packets of a shared clip, under which numbers. Cheap to copy while nothing is wrong.
struct PictureRun {
  const Clip* clip = nullptr;
  Picture picture;
  std::uint16_t first_sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t source = 0;  ///< SSRC
  bool is_altered = false;   ///< Then `order` tells which packets go, and in which order.
  std::vector<std::uint16_t> order;

  std::size_t packet_count() const { return is_altered ? order.size() : picture.packet_count; }
  /// The index within the picture of the packet that goes at `position`.
  std::uint32_t packet_at(std::size_t position) const {
    return is_altered ? order[position] : static_cast<std::uint32_t>(position);
  }
  std::span<const std::uint8_t> payload_at(std::size_t position) const {
    return clip->payload(clip->packets[picture.first_packet + packet_at(position)]);
  }
  void write_header(std::size_t position, std::uint8_t* header) const;
};

/// RFC 2326, 10.12: '$', channel, length.
void write_interleaved_header(std::uint8_t channel, std::size_t size_bytes, std::uint8_t* header);

/// An RTCP sender report with a CNAME (RFC 3550, 6.4.1).
struct SenderReport {
  std::uint32_t source = 0;
  std::int64_t wall_ns = 0;  ///< Since 1970, by the camera's own clock.
  std::uint32_t timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t bytes = 0;
};
std::string to_bytes(const SenderReport& report);

}  // namespace ocelli::farm
