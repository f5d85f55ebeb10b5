#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "media/fingerprint.h"

namespace ocelli::media {

/// How a container is opened: which demuxer, and how much of the input may be read before its streams must be known.
/// Analysis ends as soon as all is known; the bounds only cost where something that was announced never comes.
struct DemuxProfile {
  const char* demuxer = nullptr;  ///< FFmpeg's name; null: found by FFmpeg's own probe
  std::int64_t probe_bytes = 0;
  std::chrono::milliseconds analyze_duration{};  ///< of media time
};

/// docs/sources.md gives the reason for each.
DemuxProfile demux_profile(Container container);

/// The container that FFmpeg's demuxer `name` ("mov,mp4,m4a,3gp,3g2,mj2") reads.
Container container_of_demuxer(std::string_view name);

}  // namespace ocelli::media
