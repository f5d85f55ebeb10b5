#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "media/frame.h"
#include "media/internal/recycling.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace ocelli::media::internal {

struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreeCodecContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeScaler {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
/// Of a context that writes: closes its file too.
struct CloseOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
using AvFramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using CodecContextPtr = std::unique_ptr<AVCodecContext, FreeCodecContext>;
using OwnedPacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using OutputPtr = std::unique_ptr<AVFormatContext, CloseOutput>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeScaler>;

using FrameShells = Shells<AVFrame, av_frame_alloc, av_frame_unref, av_frame_free>;
using PacketShells = Shells<AVPacket, av_packet_alloc, av_packet_unref, av_packet_free>;

/// Times inside packets and frames are nanoseconds on the stream's MediaTime axis.
inline constexpr AVRational kMediaTimeBase{1, 1'000'000'000};

/// FFmpeg's error number as ours: "<what>: <FFmpeg's own words>".
base::Error ffmpeg_error(int number, const std::string& what);

/// Matrix and range as the frame declares them; undeclared matrices follow the usual convention: BT.709 from 720 lines.
ColorSpec color_of(const AVFrame& frame);

/// For the whole process. FFmpeg writes addresses with their passwords into its log: what went wrong is in our own
/// errors and counters. (The decoder may listen to that log; it writes nothing either.) And it asks for as much memory
/// as a length in a file says, up to 2 GB: where memory is limited, a forged one would end the program.
void tame_ffmpeg();

/// The encoder for annotated videos: H.264 where there is one, else MPEG-4, else null.
const AVCodec* best_video_encoder();

}  // namespace ocelli::media::internal
