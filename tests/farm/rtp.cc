#include "tests/farm/rtp.h"

#include <string_view>

namespace ocelli::farm {
namespace {

constexpr std::uint8_t kVersion = 0x80;
constexpr std::uint8_t kMarker = 0x80;
constexpr std::uint8_t kPayloadType = 96;  // as the SDP says

void put16(std::uint8_t* at, unsigned value) {
  at[0] = static_cast<std::uint8_t>(value >> 8U);
  at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16U);
  put16(at + 2, value);
}

void append32(std::string& bytes, std::uint32_t value) {
  for (unsigned shift = 32; shift != 0; shift -= 8) bytes += static_cast<char>(value >> (shift - 8));
}

}  // namespace

void PictureRun::write_header(std::size_t position, std::uint8_t* header) const {
  const std::uint32_t packet = packet_at(position);
  const bool is_last = packet + 1 == picture.packet_count;
  header[0] = kVersion;
  header[1] = static_cast<std::uint8_t>(kPayloadType | (is_last ? kMarker : 0U));
  put16(header + 2, first_sequence + packet);
  put32(header + 4, timestamp);
  put32(header + 8, source);
}

void write_interleaved_header(std::uint8_t channel, std::size_t size_bytes, std::uint8_t* header) {
  header[0] = '$';
  header[1] = channel;
  put16(header + 2, static_cast<unsigned>(size_bytes));
}

std::string to_bytes(const SenderReport& report) {
  constexpr std::uint64_t kSecondsFrom1900To1970 = 2'208'988'800;
  constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  const auto wall = static_cast<std::uint64_t>(report.wall_ns);
  std::string bytes;
  append32(bytes, 0x80C80006);  // version 2, no report blocks, SR, 7 words
  append32(bytes, report.source);
  append32(bytes, static_cast<std::uint32_t>(wall / kNsPerSecond + kSecondsFrom1900To1970));
  append32(bytes, static_cast<std::uint32_t>(((wall % kNsPerSecond) << 32U) / kNsPerSecond));
  append32(bytes, report.timestamp);
  append32(bytes, report.packets);
  append32(bytes, report.bytes);
  constexpr std::string_view kName = "camera_farm";
  append32(bytes, 0x81CA0005);  // version 2, one chunk, SDES, 6 words
  append32(bytes, report.source);
  bytes += '\x01';  // CNAME
  bytes += static_cast<char>(kName.size());
  bytes += kName;
  bytes.resize(bytes.size() + 3);  // the end of the chunk, filled up to words: 4 + 2 + 11 + 3 = 20 bytes
  return bytes;
}

}  // namespace ocelli::farm
