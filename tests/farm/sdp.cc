#include "tests/farm/sdp.h"

#include <array>
#include <cstdio>

#include "tests/farm/base64.h"

namespace ocelli::farm {
namespace {

std::string h264_parameters(const Clip& clip) {
  const std::string& sps = clip.parameter_sets.at(0);
  std::array<char, 7> profile{};
  std::snprintf(profile.data(), profile.size(), "%02X%02X%02X", static_cast<unsigned char>(sps.at(1)),
                static_cast<unsigned char>(sps.at(2)), static_cast<unsigned char>(sps.at(3)));
  return std::string("packetization-mode=1;profile-level-id=") + profile.data() +
         ";sprop-parameter-sets=" + base64(sps) + "," + base64(clip.parameter_sets.at(1));
}

std::string h265_parameters(const Clip& clip) {
  return "sprop-vps=" + base64(clip.parameter_sets.at(0)) + ";sprop-sps=" + base64(clip.parameter_sets.at(1)) +
         ";sprop-pps=" + base64(clip.parameter_sets.at(2));
}

}  // namespace

std::string describe(const Clip& clip, int camera) {
  const bool is_h264 = clip.config.codec == Codec::h264;
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera " + std::to_string(camera) +
         "\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=now-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 " +
         (is_h264 ? "H264" : "H265") + "/90000\r\na=fmtp:96 " +
         (is_h264 ? h264_parameters(clip) : h265_parameters(clip)) +
         "\r\na=framerate:" + std::to_string(clip.config.frames_per_second) + "\r\na=control:trackID=0\r\n";
}

}  // namespace ocelli::farm
