// Access units into RTP payloads: RFC 6184 (H.264: single NAL unit, FU-A) and RFC 7798 (H.265: single NAL unit, FU).
#include <algorithm>

#include "tests/farm/clip.h"

namespace ocelli::farm {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kPayloadBytes = 1400;  // with RTP, UDP, IP headers and a tunnel's still below 1500
constexpr unsigned kStartBit = 0x80;
constexpr unsigned kEndBit = 0x40;

/// The NAL units of Annex B bytes, without start codes and the zero bytes before them.
std::vector<Bytes> nal_units(Bytes annex_b) {
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at + 3 <= annex_b.size(); ++at) {
    if (annex_b[at] == 0 && annex_b[at + 1] == 0 && annex_b[at + 2] == 1) begins.push_back(at + 3);
  }
  std::vector<Bytes> units;
  for (std::size_t index = 0; index < begins.size(); ++index) {
    const bool is_last = index + 1 == begins.size();
    std::size_t end = is_last ? annex_b.size() : begins[index + 1] - 3;
    while (end > begins[index] && annex_b[end - 1] == 0) --end;
    if (end > begins[index]) units.push_back(annex_b.subspan(begins[index], end - begins[index]));
  }
  return units;
}

struct NalKind {
  bool is_key = false;
  bool is_parameter_set = false;
};

NalKind kind_of(Codec codec, std::uint8_t first_byte) {
  if (codec == Codec::h264) {
    const unsigned type = first_byte & 0x1FU;
    return {.is_key = type == 5, .is_parameter_set = type == 7 || type == 8};
  }
  const unsigned type = (first_byte >> 1U) & 0x3FU;
  return {.is_key = type >= 16 && type <= 21, .is_parameter_set = type >= 32 && type <= 34};
}

/// What stands before each fragment of a unit: the unit's own header turned into that of a fragment, and its type.
std::vector<std::uint8_t> fragment_header(Codec codec, Bytes unit) {
  if (codec == Codec::h264) {
    constexpr unsigned kFuA = 28;
    return {static_cast<std::uint8_t>((unit[0] & 0xE0U) | kFuA), static_cast<std::uint8_t>(unit[0] & 0x1FU)};
  }
  constexpr unsigned kFu = 49;
  return {static_cast<std::uint8_t>((unit[0] & 0x81U) | (kFu << 1U)), unit[1],
          static_cast<std::uint8_t>((unit[0] >> 1U) & 0x3FU)};
}

void add_packet(Clip& clip, Bytes header, Bytes body) {
  clip.packets.push_back(
      {static_cast<std::uint32_t>(clip.bytes.size()), static_cast<std::uint32_t>(header.size() + body.size())});
  clip.bytes.insert(clip.bytes.end(), header.begin(), header.end());
  clip.bytes.insert(clip.bytes.end(), body.begin(), body.end());
}

void add_unit(Clip& clip, Bytes unit) {
  if (unit.size() <= kPayloadBytes) return add_packet(clip, {}, unit);
  std::vector<std::uint8_t> header = fragment_header(clip.config.codec, unit);
  const auto type = header.back();
  const std::size_t piece = kPayloadBytes - header.size();
  Bytes rest = unit.subspan(header.size() - 1);
  for (bool is_first = true; !rest.empty(); is_first = false) {
    const Bytes body = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(body.size());
    header.back() = static_cast<std::uint8_t>(type | (is_first ? kStartBit : 0U) | (rest.empty() ? kEndBit : 0U));
    add_packet(clip, header, body);
  }
}

void remember_parameter_set(Clip& clip, Bytes unit) {
  std::string set(unit.begin(), unit.end());
  if (std::ranges::find(clip.parameter_sets, set) == clip.parameter_sets.end()) {
    clip.parameter_sets.push_back(std::move(set));
  }
}

}  // namespace

void add_picture(Clip& clip, Bytes access_unit) {
  Picture picture{.first_packet = static_cast<std::uint32_t>(clip.packets.size())};
  for (const Bytes unit : nal_units(access_unit)) {
    const NalKind kind = kind_of(clip.config.codec, unit[0]);
    picture.is_key |= kind.is_key;
    if (kind.is_parameter_set) remember_parameter_set(clip, unit);
    add_unit(clip, unit);
  }
  picture.packet_count = static_cast<std::uint32_t>(clip.packets.size()) - picture.first_packet;
  for (const Packet& packet : clip.packets_of(picture)) picture.size_bytes += packet.size_bytes;
  clip.pictures.push_back(picture);
}

}  // namespace ocelli::farm
