#include "media/access_unit.h"

#include <cstddef>
#include <cstring>

namespace ocelli::media {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kLengthInAvcc = 4;
constexpr std::size_t kLengthInHvcc = 21;

/// Cuts the next NAL unit off the front of `rest`; nothing at the end, or when a length points outside.
std::optional<Bytes> next_by_length(Bytes& rest, int length_bytes) {
  const auto header = static_cast<std::size_t>(length_bytes);
  if (rest.size() <= header) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < header; ++i) length = length << 8U | rest[i];
  if (length > rest.size() - header) return std::nullopt;
  const Bytes unit = rest.subspan(header, length);
  rest = rest.subspan(header + length);
  return unit;
}

/// From behind the next start code to the end of the data: who looks at headers needs no more.
std::optional<Bytes> next_by_start_code(Bytes& rest) {
  std::size_t at = 0;
  while (at + 3 < rest.size()) {
    const void* found = std::memchr(rest.data() + at, 1, rest.size() - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - rest.data());
    if (at >= 2 && rest[at - 1] == 0 && rest[at - 2] == 0) {
      rest = rest.subspan(at + 1);
      return rest;
    }
    ++at;
  }
  rest = {};
  return std::nullopt;
}

std::optional<PictureRole> role_in_h264(Bytes unit) {
  if (unit.empty()) return std::nullopt;
  const int type = unit[0] & 0x1F;
  if (type != 1 && type != 2 && type != 5) return std::nullopt;  // slices; 2: partition A
  return PictureRole{.is_idr = type == 5, .is_reference = (unit[0] & 0x60) != 0, .temporal_layer = 0};
}

std::optional<PictureRole> role_in_h265(Bytes unit) {
  if (unit.size() < 2) return std::nullopt;
  const int type = unit[0] >> 1 & 0x3F;
  if (type > 31) return std::nullopt;  // no slice
  constexpr int kIdrWithLeading = 19;
  constexpr int kIdrWithoutLeading = 20;
  constexpr int kLastSubLayerNonReference = 14;  // even types up to here: table 7-1
  return PictureRole{.is_idr = type == kIdrWithLeading || type == kIdrWithoutLeading,
                     .is_reference = type > kLastSubLayerNonReference || type % 2 == 1,
                     .temporal_layer = (unit[1] & 7) - 1};
}

}  // namespace

std::optional<NalFormat> nal_format(std::string_view codec, std::span<const std::uint8_t> extradata) {
  const bool has_box = !extradata.empty() && extradata[0] == 1;
  if (codec == "h264") {
    if (!has_box || extradata.size() <= kLengthInAvcc) return NalFormat{NalFormat::Codec::h264, 0};
    return NalFormat{NalFormat::Codec::h264, (extradata[kLengthInAvcc] & 3) + 1};
  }
  if (codec == "hevc") {
    if (!has_box || extradata.size() <= kLengthInHvcc) return NalFormat{NalFormat::Codec::h265, 0};
    return NalFormat{NalFormat::Codec::h265, (extradata[kLengthInHvcc] & 3) + 1};
  }
  return std::nullopt;
}

std::optional<PictureRole> picture_role(std::span<const std::uint8_t> bytes, const NalFormat& format) {
  Bytes rest = bytes;
  while (true) {
    const auto unit = format.length_bytes > 0 ? next_by_length(rest, format.length_bytes) : next_by_start_code(rest);
    if (!unit) return std::nullopt;
    const auto role = format.codec == NalFormat::Codec::h264 ? role_in_h264(*unit) : role_in_h265(*unit);
    if (role) return role;
  }
}

}  // namespace ocelli::media
