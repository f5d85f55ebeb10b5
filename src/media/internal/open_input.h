#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "media/fingerprint.h"
#include "media/internal/avio.h"
#include "media/internal/ffmpeg.h"
#include "media/internal/ffmpeg_log.h"
#include "media/internal/interrupt.h"
#include "media/internal/packet_pool.h"
#include "media/source.h"

namespace ocelli::media::internal {

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;

struct CloseConnection {
  void operator()(AVIOContext* connection) const { avio_close(connection); }
};
using ConnectionPtr = std::unique_ptr<AVIOContext, CloseConnection>;

/// FFmpeg's options, in the form in which it wants them.
class Options {
 public:
  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { av_dict_free(&entries_); }
  void set(const char* key, const std::string& value) { av_dict_set(&entries_, key, value.c_str(), 0); }
  AVDictionary** get() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

/// What all steps of one opening share. Outlives the input.
struct Opening {
  const SourceConfig& config;
  std::string shown;  ///< the address as people may see it
  Interrupt& interrupt;
};

/// An input whose streams are known. Members go in the order that FFmpeg needs: the context before what it reads from.
struct OpenInput {
  std::unique_ptr<Avio> avio;
  ConnectionPtr connection;
  std::unique_ptr<RtpNotes> rtp_notes;  ///< of RTSP
  InputPtr context;
  AvPacketPtr first_packet;  ///< read already; may be null
  Container container = Container::unknown;
  std::optional<RtspTransport> transport;
  std::optional<std::chrono::milliseconds> reopening;  ///< see StreamInfo; empty: all of it
  bool index_rebuilt = false;
  bool from_camera = false;  ///< of this machine: read by read_camera()
};

base::Result<OpenInput> open_bytes(std::unique_ptr<ByteReader> reader, const Opening& opening);
base::Result<OpenInput> open_http(const Opening& opening);
base::Result<OpenInput> open_rtsp(const Opening& opening);
/// A V4L2 camera, with its first picture.
base::Result<OpenInput> open_camera(const Opening& opening);

/// The next picture of a V4L2 camera, into an empty packet. Waits in short steps; ends as the interrupt says.
int read_camera(AVFormatContext& context, AVPacket& packet, const Interrupt& interrupt);

/// Empty context with the interrupt, or null.
InputPtr make_context(const Opening& opening);
/// Applies the container's profile and the camera's own bounds.
void apply_profile(AVFormatContext& context, Container container, const SourceConfig& config);
/// Opens `context` with `format` (null: RTSP finds its own) and takes it over: on failure FFmpeg frees it itself.
int open_context(InputPtr& context, const std::string& url, const AVInputFormat* format, Options& options);
/// What went wrong, in words of ours: "<what>: <reason>".
base::Error explain(int number, const std::string& what, const Opening& opening);
base::Error explain_camera(int number, const std::string& what, const Opening& opening);
bool is_playlist(const AVInputFormat& format);

}  // namespace ocelli::media::internal
