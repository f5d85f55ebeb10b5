// The first bytes of whatever somebody calls a video: any of them must give a container or `unknown`.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "media/demux_profile.h"
#include "media/fingerprint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli::media;
  const std::span<const std::uint8_t> head(data, size);
  const Container container = fingerprint(head);
  const DemuxProfile profile = demux_profile(container);
  // What opening relies on.
  OC_CHECK(profile.probe_bytes > 0 && profile.analyze_duration.count() > 0);
  OC_CHECK((container == Container::unknown) == (profile.demuxer == nullptr));
  if (mp4_layout(head) != Mp4Layout::unknown) OC_CHECK(container == Container::mp4);
  const RtpProfile rtp = sdp_video_profile({reinterpret_cast<const char*>(data), size});
  if (rtp != RtpProfile::none) OC_CHECK(container == Container::sdp);
  return 0;
}
