#include "media/internal/ffmpeg.h"

#include <array>
#include <cerrno>

extern "C" {
#include <libavutil/mem.h>
}

namespace ocelli::media::internal {
namespace {

// The largest picture that we decode, of 2^26 pixels, at 8 bytes a pixel and with what goes around it.
constexpr std::size_t kMostBytesInOneBlock = 600'000'000;

base::Code code_of(int number) {
  switch (number) {
    case AVERROR_EOF:
      return base::Code::end_of_stream;
    case AVERROR(EAGAIN):
      return base::Code::need_input;
    case AVERROR(ENOENT):
    case AVERROR_HTTP_NOT_FOUND:
      return base::Code::not_found;
    case AVERROR(ETIMEDOUT):
      return base::Code::timeout;
    case AVERROR_EXIT:
      return base::Code::cancelled;
    case AVERROR(ENOMEM):
    case AVERROR(ENOSPC):
    case AVERROR(EFBIG):
    case AVERROR(EDQUOT):
      return base::Code::exhausted;
    case AVERROR_INVALIDDATA:
      return base::Code::corrupt;
    case AVERROR(ENOSYS):
    case AVERROR_PATCHWELCOME:
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
      return base::Code::unsupported;
    case AVERROR(EINVAL):
      return base::Code::invalid;
    case AVERROR_BUG:
      return base::Code::internal;
    default:
      return base::Code::unavailable;  // sockets, HTTP and RTSP status codes
  }
}

}  // namespace

base::Error ffmpeg_error(int number, const std::string& what) {
  const base::Code code = code_of(number);
  if (code == base::Code::need_input || code == base::Code::end_of_stream) return {code, {}};  // flow: nobody reads it
  std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
  av_strerror(number, words.data(), words.size());
  return base::Error(code, what + ": " + words.data());
}

void tame_ffmpeg() {
  av_log_set_level(AV_LOG_QUIET);
  av_max_alloc(kMostBytesInOneBlock);
}

const AVCodec* best_video_encoder() {
  for (const char* name : {"libx264", "libopenh264", "mpeg4"}) {
    if (const AVCodec* codec = avcodec_find_encoder_by_name(name)) return codec;
  }
  return nullptr;
}

ColorSpec color_of(const AVFrame& frame) {
  constexpr int kHighDefinitionLines = 720;
  ColorSpec color;
  const bool full = frame.color_range == AVCOL_RANGE_JPEG || frame.format == AV_PIX_FMT_YUVJ420P ||
                    frame.format == AV_PIX_FMT_YUVJ422P || frame.format == AV_PIX_FMT_YUVJ444P ||
                    frame.format == AV_PIX_FMT_YUVJ440P;
  color.range = full ? ColorRange::full : ColorRange::limited;
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_BT2020_CL:
    case AVCOL_SPC_BT2020_NCL:
      color.matrix = ColorMatrix::bt709;
      break;
    case AVCOL_SPC_UNSPECIFIED:
      color.matrix = !full && frame.height >= kHighDefinitionLines ? ColorMatrix::bt709 : ColorMatrix::bt601;
      break;
    default:
      color.matrix = ColorMatrix::bt601;
  }
  return color;
}

}  // namespace ocelli::media::internal
