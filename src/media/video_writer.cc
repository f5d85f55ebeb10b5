#include "media/video_writer.h"

#include <cmath>
#include <utility>

#include "media/internal/ffmpeg.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;
using internal::AvFramePtr;
using internal::ffmpeg_error;
using internal::OutputPtr;
using internal::OwnedPacketPtr;

constexpr int kMostRateDenominator = 65'535;  // what MPEG-4 part 2 can write

class Mp4Writer final : public VideoWriter {
 public:
  explicit Mp4Writer(std::string path) : path_(std::move(path)) {}

  base::Status open(const FrameInfo& first, double frames_per_second);
  base::Status write(const Frame& frame) override;
  base::Status finish() override;

 private:
  base::Status open_encoder(const FrameInfo& first, double frames_per_second);
  base::Status encode(const AVFrame* frame);
  Error cannot_write(int number) const {
    Error error = ffmpeg_error(number, "cannot write " + path_);
    if (error.code() == Code::exhausted) return Error(Code::exhausted, error.message() + "; free some disk space");
    return error;
  }

  const std::string path_;
  int width_ = 0;
  int height_ = 0;
  OutputPtr output_;
  internal::CodecContextPtr encoder_;
  OwnedPacketPtr packet_{av_packet_alloc()};
  AVStream* stream_ = nullptr;  // owned by output_
  std::int64_t last_pts_ = AV_NOPTS_VALUE;
};

base::Status Mp4Writer::open_encoder(const FrameInfo& first, double frames_per_second) {
  const AVCodec* codec = internal::best_video_encoder();
  if (codec == nullptr) return Error(Code::unsupported, "this FFmpeg can encode neither H.264 nor MPEG-4");
  encoder_.reset(avcodec_alloc_context3(codec));
  if (!encoder_ || !packet_) return Error(Code::exhausted, "out of memory");
  width_ = first.width;
  height_ = first.height;
  encoder_->width = first.width & ~1;  // 4:2:0 encoders want even sizes: an odd last column or row is left out
  encoder_->height = first.height & ~1;
  encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder_->time_base = {1, 90'000};
  encoder_->framerate = av_d2q(frames_per_second > 0 ? frames_per_second : 25, kMostRateDenominator);
  encoder_->gop_size = static_cast<int>(std::lround(2 * av_q2d(encoder_->framerate)));
  encoder_->color_range = first.color.range == ColorRange::full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  encoder_->colorspace = first.color.matrix == ColorMatrix::bt709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (codec->id == AV_CODEC_ID_MPEG4) {
    constexpr int kGoodQuality = 4;
    encoder_->flags |= AV_CODEC_FLAG_QSCALE;
    encoder_->global_quality = kGoodQuality * FF_QP2LAMBDA;
    encoder_->time_base = av_inv_q(encoder_->framerate);
  } else {
    av_opt_set(encoder_->priv_data, "preset", "veryfast", 0);
    av_opt_set(encoder_->priv_data, "crf", "23", 0);
  }
  if (const int result = avcodec_open2(encoder_.get(), codec, nullptr); result < 0) {
    return ffmpeg_error(result, std::string("cannot start the encoder ") + codec->name);
  }
  return {};
}

base::Status Mp4Writer::open(const FrameInfo& first, double frames_per_second) {
  OC_TRY_STATUS(open_encoder(first, frames_per_second));
  AVFormatContext* context = nullptr;
  if (const int result = avformat_alloc_output_context2(&context, nullptr, "mp4", path_.c_str()); result < 0) {
    return cannot_write(result);
  }
  output_.reset(context);
  stream_ = avformat_new_stream(context, nullptr);
  if (stream_ == nullptr) return Error(Code::exhausted, "out of memory");
  avcodec_parameters_from_context(stream_->codecpar, encoder_.get());
  stream_->time_base = encoder_->time_base;
  if (const int result = avio_open(&context->pb, ("file:" + path_).c_str(), AVIO_FLAG_WRITE); result < 0) {
    return cannot_write(result);
  }
  if (const int result = avformat_write_header(context, nullptr); result < 0) return cannot_write(result);
  return {};
}

base::Status Mp4Writer::write(const Frame& frame) {
  if (frame.info().format != PixelFormat::yuv420p || frame.width() != width_ || frame.height() != height_) {
    return Error(Code::unsupported, "the picture changed its size or format in mid-stream; annotate the parts apart");
  }
  AvFramePtr view(av_frame_alloc());
  if (!view) return Error(Code::exhausted, "out of memory");
  view->format = AV_PIX_FMT_YUV420P;
  view->width = encoder_->width;
  view->height = encoder_->height;
  for (int plane = 0; plane < 3; ++plane) {
    // The encoder only reads; FFmpeg's frame has no const. Without a buffer reference it copies the rows itself.
    view->data[plane] = const_cast<std::uint8_t*>(frame.plane(plane).data);
    view->linesize[plane] = static_cast<int>(frame.plane(plane).stride_bytes);
  }
  view->pts = av_rescale_q(frame.time().time_since_epoch().count(), internal::kMediaTimeBase, encoder_->time_base);
  if (last_pts_ != AV_NOPTS_VALUE && view->pts <= last_pts_) view->pts = last_pts_ + 1;
  last_pts_ = view->pts;
  return encode(view.get());
}

base::Status Mp4Writer::encode(const AVFrame* frame) {
  if (const int result = avcodec_send_frame(encoder_.get(), frame); result < 0 && result != AVERROR_EOF) {
    return ffmpeg_error(result, "cannot encode");
  }
  while (true) {
    const int result = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return {};
    if (result < 0) return ffmpeg_error(result, "cannot encode");
    // Encoders leave it out; without it the last picture lasts no time, and players do not show it.
    if (packet_->duration <= 0) {
      packet_->duration = av_rescale_q(1, av_inv_q(encoder_->framerate), encoder_->time_base);
    }
    av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    if (const int written = av_interleaved_write_frame(output_.get(), packet_.get()); written < 0) {
      return cannot_write(written);
    }
    if (output_->pb->error < 0) return cannot_write(output_->pb->error);
  }
}

base::Status Mp4Writer::finish() {
  OC_TRY_STATUS(encode(nullptr));
  if (const int result = av_write_trailer(output_.get()); result < 0) return cannot_write(result);
  if (const int result = avio_closep(&output_->pb); result < 0) return cannot_write(result);
  return {};
}

}  // namespace

base::Result<std::unique_ptr<VideoWriter>> VideoWriter::create(const std::string& path, const FrameInfo& first,
                                                               double frames_per_second) {
  auto writer = std::make_unique<Mp4Writer>(path);
  OC_TRY_STATUS(writer->open(first, frames_per_second));
  return std::unique_ptr<VideoWriter>(std::move(writer));
}

}  // namespace ocelli::media
