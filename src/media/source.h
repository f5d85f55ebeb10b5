#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "media/access_unit.h"
#include "media/packet.h"

struct AVCodecParameters;

namespace ocelli::media {

struct SourceConfig {
  std::string url;                                 ///< path, http(s)://… or rtsp(s)://…
  std::chrono::milliseconds timeout{10'000};       ///< for opening, name look-up and first bytes included
  std::chrono::milliseconds read_timeout{10'000};  ///< for each read(): how long it waits for a video packet
};

/// What is known of the video before its first frame is decoded.
struct StreamInfo {
  std::string container;                ///< FFmpeg's short name, e.g. "mov,mp4,m4a,3gp,3g2,mj2"
  std::string codec;                    ///< e.g. "h264"
  std::optional<NalFormat> nal_format;  ///< of H.264 and H.265
  int width = 0;
  int height = 0;
  double frames_per_second = 0;                      ///< average as declared; 0 when unknown
  std::optional<std::chrono::nanoseconds> duration;  ///< files only
  std::optional<std::uint64_t> frame_count;          ///< when the container knows it
  std::optional<base::WallTime> recording_start;     ///< when the container says so (creation_time)
  bool live = false;                                 ///< cannot wait for its reader
};

/// Bytes in, video packets out: a file, an HTTP or an RTSP URL opened with FFmpeg, its first usable video stream
/// chosen. One thread at a time; read() blocks. A stop request ends a blocking call with `cancelled`. open() fails with
/// not_found (no such file or host), unavailable (refused, unauthorised), timeout, corrupt (not media), unsupported (no
/// video in it). read() ends with end_of_stream.
class Source {
 public:
  static base::Result<std::unique_ptr<Source>> open(const SourceConfig& config, base::Clock& clock,
                                                    std::stop_token stop);
  virtual ~Source() = default;

  virtual const StreamInfo& info() const = 0;
  virtual base::Result<Packet> read() = 0;
  /// Continues at the last key frame not after `time`. `unsupported` where the source has no times to seek by: then
  /// nothing has moved.
  virtual base::Status seek(MediaTime time) = 0;
  /// For Decoder::create only.
  virtual const AVCodecParameters& codec_parameters() const = 0;
};

/// The URL as it may be shown and logged: without user, password and query.
std::string redact_url(const std::string& url);

}  // namespace ocelli::media
