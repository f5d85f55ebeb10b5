#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ocelli::media {

/// What the first bytes of an input say it is.
enum class Container {
  unknown,
  mp4,  ///< and QuickTime, 3GP; fragmented or not
  avi,
  mpeg_ts,
  mpeg_ps,
  matroska,  ///< and WebM
  flv,
  h264,  ///< raw, ITU-T H.264 annex B
  h265,  ///< raw, ITU-T H.265 annex B
  ivf,
  asf,  ///< and WMV
  ogg,
  jpeg,
  png,
  gif,
  multipart_jpeg,  ///< parts of multipart/x-mixed-replace, as many cameras send over HTTP
  sdp,             ///< the description of an RTP session, not the video itself
};

/// As many bytes as decide about every container. More are welcome: a transport stream that was cut in the middle of a
/// packet shows itself only over three packets.
inline constexpr std::size_t kFingerprintBytes = 128;

/// The container by its own signature and key fields; never by a file name. Reads nothing beyond `head`.
Container fingerprint(std::span<const std::uint8_t> head);

/// For people: "MP4", "MPEG-TS", "raw H.264".
std::string_view container_name(Container container);

/// Where an MP4 keeps its list of samples, as far as its first boxes tell.
enum class Mp4Layout {
  unknown,
  index_first,  ///< `moov` before `mdat`: can be played while it arrives
  index_last,   ///< `mdat` first: `moov` stands at the end, or is missing
  fragmented,   ///< `styp`, `sidx` or `moof`
};
Mp4Layout mp4_layout(std::span<const std::uint8_t> head);

/// How an SDP says that its video travels (RFC 8866, RFC 3551, RFC 3711).
enum class RtpProfile {
  none,  ///< no SDP, or no video in it
  avp,   ///< RTP/AVP, RTP/AVPF
  savp,  ///< RTP/SAVP, RTP/SAVPF, UDP/TLS/RTP/SAVPF: encrypted
  other,
};
RtpProfile sdp_video_profile(std::string_view text);

}  // namespace ocelli::media
