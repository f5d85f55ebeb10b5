#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "media/access_unit.h"
#include "media/address.h"
#include "media/byte_reader.h"
#include "media/packet.h"

struct AVCodecParameters;

namespace ocelli::media {

/// How an RTSP server's packets travel.
enum class RtspTransport {
  automatic,  ///< the first that works of: what worked before, tcp, udp, http
  tcp,        ///< interleaved with the dialogue
  udp,
  http,  ///< tunnelled through HTTP
};

struct SourceConfig {
  std::string url;  ///< file, FIFO, folder of pictures, "-" (standard input), /dev/video…, http(s)://… or rtsp(s)://…
  std::chrono::milliseconds timeout{10'000};       ///< for opening, name look-up and first bytes included
  std::chrono::milliseconds read_timeout{10'000};  ///< for each read(): how long it waits for a video packet
  RtspTransport transport = RtspTransport::automatic;
  RtspTransport worked_before = RtspTransport::automatic;  ///< StreamInfo::transport of the last connection
  bool tls_verify = true;                                  ///< rtsps and https: refuse who cannot prove his name
  std::string tls_ca_file = {};                            ///< PEM; empty: the system's authorities
  int probe_bytes = 0;                                     ///< 0: by the container's profile
  std::chrono::milliseconds analyze_duration{0};           ///< 0: by the container's profile
  double pictures_per_second = 25;                         ///< of a folder of pictures; what a V4L2 camera is asked for
};

/// What is known of the video before its first frame is decoded.
struct StreamInfo {
  std::string container;  ///< FFmpeg's short name, e.g. "mov,mp4,m4a,3gp,3g2,mj2"; "pictures" for a folder
  std::string codec;      ///< e.g. "h264"
  std::optional<NalFormat> nal_format;  ///< of H.264 and H.265
  int width = 0;                        ///< 0: known with the first picture, as when a camera returns
  int height = 0;
  double frames_per_second = 0;                         ///< average as declared; 0 when unknown
  std::optional<std::chrono::nanoseconds> duration;     ///< files only
  std::optional<std::uint64_t> frame_count;             ///< when the container knows it
  std::optional<base::WallTime> recording_start;        ///< when the container says so (creation_time)
  int reorder_depth = 0;                                ///< pictures that wait for a later one, as declared
  std::optional<std::chrono::nanoseconds> wrap_period;  ///< after which its time stamps begin anew
  bool live = false;                                    ///< cannot wait for its reader
  std::optional<RtspTransport> transport;               ///< RTSP: the one that worked
  std::chrono::milliseconds reopening{};  ///< how long opening took, without what need not be found out again
  bool index_rebuilt = false;             ///< AVI: its own index was absent or wrong
};

/// Bytes in, video packets out: whatever docs/sources.md lists is opened with FFmpeg, its first usable video stream
/// chosen. One thread at a time; read() blocks. A stop request ends a blocking call with `cancelled`. open() fails with
/// not_found (no such file or host), unavailable (refused), timeout, corrupt (not media), unsupported (no video in it),
/// invalid (not what the user meant: wrong password, empty folder). read() ends with end_of_stream.
class Source {
 public:
  static base::Result<std::unique_ptr<Source>> open(const SourceConfig& config, base::Clock& clock,
                                                    std::stop_token stop);
  /// From bytes that somebody else fetches; `config.url` only names them in errors.
  static base::Result<std::unique_ptr<Source>> open(std::unique_ptr<ByteReader> reader, const SourceConfig& config,
                                                    base::Clock& clock, std::stop_token stop);
  virtual ~Source() = default;

  virtual const StreamInfo& info() const = 0;
  base::Result<Packet> read() { return read(base::SteadyTime::max()); }
  /// `timeout` at `deadline`, or at SourceConfig::read_timeout if that is earlier.
  virtual base::Result<Packet> read(base::SteadyTime deadline) = 0;
  /// Continues at the last key frame not after `time`. `unsupported` where the source has no times to seek by: then
  /// nothing has moved.
  virtual base::Status seek(MediaTime time) = 0;
  /// For Decoder::create only.
  virtual const AVCodecParameters& codec_parameters() const = 0;
};

}  // namespace ocelli::media
