#include "tests/farm/encoder.h"

#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

#include "tests/farm/scene.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Context = std::unique_ptr<AVCodecContext, FreeContext>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

/// Like a camera: no B-frames, one slice, a closed GOP of fixed length, parameter sets before every key frame, and a
/// decoder buffer of one second that keeps the bit rate. One thread, so that the same clip comes out everywhere.
void set_options(AVCodecContext& context, const ClipConfig& config) {
  context.width = config.width;
  context.height = config.height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.time_base = {1, config.frames_per_second};
  context.framerate = {config.frames_per_second, 1};
  context.bit_rate = config.bits_per_second;
  context.rc_max_rate = config.bits_per_second;
  context.rc_buffer_size = static_cast<int>(config.bits_per_second);
  context.gop_size = config.pictures_per_key();
  context.keyint_min = config.pictures_per_key();
  context.max_b_frames = 0;
  context.thread_count = 1;
  const bool is_h264 = config.codec == Codec::h264;
  av_opt_set(context.priv_data, "preset", is_h264 ? "veryfast" : "ultrafast", 0);
  if (is_h264) {
    av_opt_set(context.priv_data, "x264-params", "repeat-headers=1:scenecut=0:open-gop=0:rc-lookahead=10", 0);
  } else {
    av_opt_set(context.priv_data, "x265-params",
               "repeat-headers=1:scenecut=0:open-gop=0:bframes=0:log-level=error:pools=none:frame-threads=1", 0);
  }
}

Result<Context> open_encoder(const ClipConfig& config) {
  const char* const name = config.codec == Codec::h264 ? "libx264" : "libx265";
  const AVCodec* const codec = avcodec_find_encoder_by_name(name);
  av_log_set_level(AV_LOG_ERROR);  // x264 tells its statistics otherwise
  if (codec == nullptr) return Error(Code::unsupported, std::string("this FFmpeg has no ") + name);
  Context context(avcodec_alloc_context3(codec));
  set_options(*context, config);
  if (avcodec_open2(context.get(), codec, nullptr) < 0) {
    return Error(Code::unsupported, std::string(name) + " refuses this size, frame rate or bit rate");
  }
  return context;
}

Status write_packets(AVCodecContext& context, std::ofstream& file) {
  const std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  while (avcodec_receive_packet(&context, packet.get()) == 0) {
    file.write(reinterpret_cast<const char*>(packet->data), packet->size);
    av_packet_unref(packet.get());
  }
  if (!file) return Error(Code::exhausted, "cannot write the clip: is the disk full?");
  return {};
}

Result<Frame> paint(const Scene& scene, const ClipConfig& config, int number) {
  Frame frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = config.width;
  frame->height = config.height;
  frame->pts = number;
  if (av_frame_get_buffer(frame.get(), 0) < 0) return Error(Code::exhausted, "no memory for a picture");
  Canvas canvas;
  for (std::size_t plane = 0; plane < canvas.planes.size(); ++plane) {
    canvas.planes[plane] = frame->data[plane];
    canvas.strides_bytes[plane] = frame->linesize[plane];
  }
  scene.paint(number, canvas);
  return frame;
}

Status encode_into(std::ofstream& file, const ClipConfig& config) {
  OC_TRY(const auto context, open_encoder(config));
  const Scene scene(config.width, config.height);
  for (int number = 0; number < config.picture_count(); ++number) {
    OC_TRY(const auto frame, paint(scene, config, number));
    if (avcodec_send_frame(context.get(), frame.get()) < 0)
      return Error(Code::internal, "the encoder refuses a picture");
    OC_TRY_STATUS(write_packets(*context, file));
  }
  avcodec_send_frame(context.get(), nullptr);
  return write_packets(*context, file);
}

}  // namespace

Status encode_clip(const ClipConfig& config, const std::filesystem::path& file) {
  const std::filesystem::path part = file.string() + "." + std::to_string(getpid()) + ".part";
  std::ofstream stream(part, std::ios::binary);
  if (!stream)
    return Error(Code::unavailable, "cannot write into " + part.parent_path().string() + ": give another --clips");
  Status done = encode_into(stream, config);
  stream.close();
  std::error_code error;
  if (done) std::filesystem::rename(part, file, error);
  if (done && error) done = Error(Code::unavailable, file.string() + ": " + error.message());
  if (!done) std::filesystem::remove(part, error);
  return done;
}

}  // namespace ocelli::farm
