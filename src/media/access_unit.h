#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ocelli::media {

/// How the NAL units of a stream are told apart.
struct NalFormat {
  enum class Codec { h264, h265 };
  Codec codec = Codec::h264;
  int length_bytes = 0;  ///< before each NAL unit; 0: Annex B start codes
};

/// Of a stream by its codec's short name and its extradata (avcC or hvcC, else Annex B); nothing for other codecs.
std::optional<NalFormat> nal_format(std::string_view codec, std::span<const std::uint8_t> extradata);

/// What one picture is to the others.
struct PictureRole {
  bool is_idr = false;       ///< nothing behind it, in order of decoding, is predicted from anything before it
  bool is_reference = true;  ///< another picture of its own temporal layer or above may be predicted from it
  int temporal_layer = 0;    ///< H.265's TemporalId; 0 in H.264
};

/// By the header of the first slice in an access unit: ITU-T H.264, 7.3.1 (nal_ref_idc) and H.265, 7.3.1.2 with table
/// 7-1 (sub-layer non-reference pictures). Nothing when no slice is found, as in damaged data. Reads at most a few
/// bytes per NAL unit where they carry lengths; never outside `bytes`.
std::optional<PictureRole> picture_role(std::span<const std::uint8_t> bytes, const NalFormat& format);

}  // namespace ocelli::media
