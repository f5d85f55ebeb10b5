#include "media/fingerprint.h"

#include <algorithm>
#include <array>

namespace ocelli::media {
namespace {

using Bytes = std::span<const std::uint8_t>;
using namespace std::string_view_literals;

bool has_at(Bytes head, std::size_t place, std::string_view text) {
  if (head.size() < place + text.size()) return false;
  return std::equal(text.begin(), text.end(), head.begin() + static_cast<std::ptrdiff_t>(place),
                    [](char wanted, std::uint8_t byte) { return static_cast<std::uint8_t>(wanted) == byte; });
}

std::string_view as_text(Bytes head) {
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

struct Signature {
  std::string_view bytes;
  Container container;
};

/// Signatures that no other format shares.
constexpr std::array kSignatures{
    Signature{"\x1A\x45\xDF\xA3"sv, Container::matroska},
    Signature{"FLV\x01"sv, Container::flv},
    Signature{"DKIF"sv, Container::ivf},
    Signature{"\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, Container::asf},
    Signature{"OggS"sv, Container::ogg},
    Signature{"\xFF\xD8\xFF"sv, Container::jpeg},
    Signature{"\x89PNG\r\n\x1A\n"sv, Container::png},
    Signature{"GIF87a"sv, Container::gif},
    Signature{"GIF89a"sv, Container::gif},
    Signature{"\x00\x00\x01\xBA"sv, Container::mpeg_ps},
};

// ISO/IEC 14496-12: a box is its size in 32 bits and its type. What may stand first in a file, QuickTime's older files
// included.
constexpr std::array kFirstBoxes{"ftyp"sv, "moov"sv, "mdat"sv, "free"sv, "skip"sv, "wide"sv, "pnot"sv,
                                 "styp"sv, "sidx"sv, "moof"sv, "uuid"sv, "emsg"sv, "prft"sv};
constexpr std::size_t kBoxHeader = 8;
constexpr std::size_t kLargeBoxHeader = 16;

/// 0 when no box can begin at `place`. A size of 0 means "to the end of the file", 1 that 64 bits follow.
std::uint64_t box_size(Bytes head, std::size_t place) {
  if (head.size() < place + kBoxHeader) return 0;
  const auto known = [&](std::string_view type) { return has_at(head, place + 4, type); };
  if (std::none_of(kFirstBoxes.begin(), kFirstBoxes.end(), known)) return 0;
  const auto read = [&](std::size_t from, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8U | head[from + i];
    return value;
  };
  const std::uint64_t size = read(place, 4);
  if (size == 0) return UINT64_MAX;
  if (size == 1) {
    if (head.size() < place + kLargeBoxHeader) return UINT64_MAX;
    const std::uint64_t large = read(place + kBoxHeader, 8);
    return large < kLargeBoxHeader ? 0 : large;
  }
  return size < kBoxHeader ? 0 : size;
}

bool is_avi(Bytes head) {
  return has_at(head, 0, "RIFF") && has_at(head, 8, "AVI ");
}

// ISO/IEC 13818-1, 2.4.3.2.
bool is_ts_header(Bytes head, std::size_t place) {
  if (head.size() < place + 4 || head[place] != 0x47) return false;
  const unsigned int flags = head[place + 3];
  const bool damaged = (head[place + 1] & 0x80U) != 0;
  return !damaged && (flags & 0xC0U) == 0 && (flags & 0x30U) != 0;  // not scrambled; a payload, an adaptation, or both
}

/// Three packets in a row at any offset, or, where the head is too short for that, one at its usual place: 0, or 4
/// behind the time stamp of M2TS.
bool is_mpeg_ts(Bytes head) {
  constexpr std::array<std::size_t, 3> kPacketSizes{188, 192, 204};
  for (const std::size_t size : kPacketSizes) {
    for (std::size_t offset = 0; offset < size && offset + 2 * size + 4 <= head.size(); ++offset) {
      if (is_ts_header(head, offset) && is_ts_header(head, offset + size) && is_ts_header(head, offset + 2 * size)) {
        return true;
      }
    }
  }
  const bool can_tell = head.size() >= 3 * kPacketSizes.back();
  return !can_tell && (is_ts_header(head, 0) || is_ts_header(head, 4));
}

/// Where the payload of the first NAL unit begins; 0 when the bytes begin with anything but zeros and a start code.
std::size_t first_nal(Bytes head) {
  constexpr std::size_t kMostZeros = 16;
  const std::size_t limit = std::min(head.size(), kMostZeros);
  std::size_t zeros = 0;
  while (zeros < limit && head[zeros] == 0) ++zeros;
  if (zeros < 2 || zeros + 2 >= head.size() || head[zeros] != 1) return 0;
  return zeros + 1;
}

/// Only units that can begin a stream. H.265 is asked first: its two-byte header says more (clause 7.3.1.2).
Container annex_b(Bytes head) {
  const std::size_t place = first_nal(head);
  if (place == 0) return Container::unknown;
  const unsigned int first = head[place];
  const unsigned int second = head[place + 1];
  if ((first & 0x80U) != 0) return Container::unknown;  // forbidden_zero_bit in both
  const unsigned int h265_type = first >> 1U;
  const bool base_layer = (first & 1U) == 0 && second == 1;  // nuh_layer_id 0, nuh_temporal_id_plus1 1
  const bool random_access = h265_type >= 16 && h265_type <= 21;
  const bool parameters = (h265_type >= 32 && h265_type <= 35) || h265_type == 39;  // VPS, SPS, PPS, AUD, SEI
  if (base_layer && (random_access || parameters)) return Container::h265;

  const unsigned int type = first & 0x1FU;
  const bool reference = (first & 0x60U) != 0;  // nal_ref_idc: clause 7.4.1 says where it must and must not be 0
  const bool needs_reference = type == 5 || type == 7 || type == 8;
  const bool forbids_reference = type == 6 || type == 9;
  const bool plausible = type == 1 || (needs_reference && reference) || (forbids_reference && !reference);
  return plausible ? Container::h264 : Container::unknown;
}

/// RFC 2046: a delimiter line, then the headers of a part.
bool is_multipart(std::string_view text) {
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  if (!text.starts_with("--")) return false;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  constexpr std::string_view kHeader = "content-";
  const std::string_view header = text.substr(end + 1, kHeader.size());
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); };
  return std::equal(kHeader.begin(), kHeader.end(), header.begin(), header.end(), same);
}

/// RFC 8866: the version must be first and the origin second.
bool is_sdp(std::string_view text) {
  return text.starts_with("v=0\r\no=") || text.starts_with("v=0\no=");
}

}  // namespace

Container fingerprint(std::span<const std::uint8_t> head) {
  for (const auto& signature : kSignatures) {
    if (has_at(head, 0, signature.bytes)) return signature.container;
  }
  if (is_avi(head)) return Container::avi;
  if (box_size(head, 0) > 0) return Container::mp4;
  const std::string_view text = as_text(head);
  if (is_sdp(text)) return Container::sdp;
  if (is_multipart(text)) return Container::multipart_jpeg;
  if (const Container raw = annex_b(head); raw != Container::unknown) return raw;
  return is_mpeg_ts(head) ? Container::mpeg_ts : Container::unknown;
}

std::string_view container_name(Container container) {
  switch (container) {
    case Container::mp4:
      return "MP4";
    case Container::avi:
      return "AVI";
    case Container::mpeg_ts:
      return "MPEG-TS";
    case Container::mpeg_ps:
      return "MPEG-PS";
    case Container::matroska:
      return "Matroska";
    case Container::flv:
      return "FLV";
    case Container::h264:
      return "raw H.264";
    case Container::h265:
      return "raw H.265";
    case Container::ivf:
      return "IVF";
    case Container::asf:
      return "ASF";
    case Container::ogg:
      return "Ogg";
    case Container::jpeg:
      return "JPEG";
    case Container::png:
      return "PNG";
    case Container::gif:
      return "GIF";
    case Container::multipart_jpeg:
      return "multipart MJPEG";
    case Container::sdp:
      return "SDP";
    case Container::unknown:
      break;
  }
  return "unknown";
}

Mp4Layout mp4_layout(std::span<const std::uint8_t> head) {
  if (fingerprint(head) != Container::mp4) return Mp4Layout::unknown;
  std::size_t place = 0;
  while (const std::uint64_t size = box_size(head, place)) {
    const std::string_view type = as_text(head).substr(place + 4, 4);
    if (type == "moov") return Mp4Layout::index_first;
    if (type == "mdat") return Mp4Layout::index_last;
    if (type == "styp" || type == "sidx" || type == "moof") return Mp4Layout::fragmented;
    if (size >= head.size() - place) break;
    place += static_cast<std::size_t>(size);
  }
  return Mp4Layout::unknown;
}

RtpProfile sdp_video_profile(std::string_view text) {
  if (!is_sdp(text)) return RtpProfile::none;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("m=video ")) continue;
    // m=<media> <port> <proto> <formats>
    line.remove_prefix("m=video "sv.size());
    line.remove_prefix(std::min(line.find(' '), line.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    const std::string_view protocol = line.substr(0, line.find(' '));
    if (protocol.starts_with("RTP/AVP")) return RtpProfile::avp;
    return protocol.find("RTP/SAVP") != std::string_view::npos ? RtpProfile::savp : RtpProfile::other;
  }
  return RtpProfile::none;
}

}  // namespace ocelli::media
