#include "media/decoder.h"

#include <algorithm>
#include <cstdarg>
#include <limits>
#include <string_view>
#include <utility>

#include "media/internal/ffmpeg.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;
using internal::AvFramePtr;
using internal::ffmpeg_error;

constexpr double kFallbackFramesPerSecond = 25;
constexpr double kMostFramesPerSecond = 1000;
// Pictures leave the decoder at most this many packets after their own came in: codecs reorder by 16.
constexpr std::size_t kArrivals = 64;
constexpr int kMostPixels = 1 << 26;  // a damaged or forged header may not make us allocate more

/// The format in which we hand frames of an FFmpeg format on: itself where the kernels know it.
AVPixelFormat handed_on_format(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_NV12:
    case AV_PIX_FMT_BGR24:
      return format;
    default:
      break;
  }
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  const bool colours_are_rgb =
      descriptor != nullptr && (descriptor->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
  return colours_are_rgb ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_YUV420P;
}

PixelFormat our_format(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_NV12:
      return PixelFormat::nv12;
    case AV_PIX_FMT_BGR24:
      return PixelFormat::bgr24;
    default:
      return PixelFormat::yuv420p;
  }
}

/// Brings rare formats (4:2:2, 4:4:4, 10 bit, grey, RGB of images) to one that the kernels read. Costs a pass.
class Converter {
 public:
  base::Result<AvFramePtr> convert(const AVFrame& from, AVPixelFormat to) {
    AvFramePtr result(av_frame_alloc());
    if (!result) return Error(Code::exhausted, "out of memory");
    result->format = to;
    result->width = from.width;
    result->height = from.height;
    if (const int error = av_frame_get_buffer(result.get(), 0); error < 0) return ffmpeg_error(error, "cannot convert");
    scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height,
                                       static_cast<AVPixelFormat>(from.format), from.width, from.height, to,
                                       SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
    if (!scaler_) return Error(Code::unsupported, "cannot convert pixel format " + std::to_string(from.format));
    const ColorSpec color = internal::color_of(from);
    const int* matrix = sws_getCoefficients(color.matrix == ColorMatrix::bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    const int full = color.range == ColorRange::full ? 1 : 0;
    sws_setColorspaceDetails(scaler_.get(), matrix, full, matrix, full, 0, 1 << 16, 1 << 16);
    const int rows = sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, result->data, result->linesize);
    if (rows < 0) return ffmpeg_error(rows, "cannot convert a frame");
    av_frame_copy_props(result.get(), &from);
    // The range survives the conversion, but the formats that imply it (yuvj…) do not.
    result->color_range = full != 0 ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    return result;
  }

 private:
  internal::ScalerPtr scaler_;
};

/// Tells which pictures an error can have reached. Pictures leave in another order than packets came, so each carries
/// the number of its packet; only a whole key frame from behind the newest error ends the damage.
class DamageTracker {
 public:
  explicit DamageTracker(base::Counter corrupt) : corrupt_(corrupt) {}

  /// The number that pictures of the next packet carry.
  std::int64_t begin_packet() { return ++packet_; }

  void note_error() { note_error_in(packet_); }

  FrameQuality judge(const AVFrame& frame) {
    const std::int64_t packet = frame.reordered_opaque;
    const bool lacks_reference = (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;  // so its own packet may be whole
    if (frame.decode_error_flags != 0) note_error_in(packet);
    if (lacks_reference) damage_from(packet);
    const bool whole = frame.decode_error_flags == 0 && !lacks_reference;
    if (whole && frame.key_frame != 0 && packet > newest_error_) first_error_ = kNone;
    return packet >= first_error_ ? FrameQuality::damaged : FrameQuality::good;
  }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  void note_error_in(std::int64_t packet) {
    if (packet > newest_error_) corrupt_.add();
    damage_from(packet);
  }

  void damage_from(std::int64_t packet) {
    first_error_ = std::min(first_error_, packet);
    newest_error_ = std::max(newest_error_, packet);
  }

  base::Counter corrupt_;
  std::int64_t packet_ = 0;
  std::int64_t first_error_ = kNone;  // since the last whole key frame
  std::int64_t newest_error_ = -1;
};

/// FFmpeg's decoders conceal most errors and say so in their log only: a lost reference picture, for one, leaves no
/// trace in the frames that build on it. What a decoder logs as an error is one; that a picture is missing it may log
/// lower.
void hear_complaint(void* speaker, int level, const char* format, va_list /*arguments*/) {
  constexpr std::string_view kMissingPicture = "Frame num gap";
  if (speaker == nullptr) return;
  if (level > AV_LOG_ERROR && !std::string_view(format).starts_with(kMissingPicture)) return;
  if (*static_cast<const AVClass* const*>(speaker) != avcodec_get_class()) return;
  // Null in decoders that are not ours, such as those by which FFmpeg looks into a file.
  if (auto* damage = static_cast<DamageTracker*>(static_cast<AVCodecContext*>(speaker)->opaque)) damage->note_error();
}

/// FFmpeg's short name, or the four characters by which the container calls a codec that FFmpeg does not know.
std::string codec_name(const AVCodecParameters& parameters) {
  if (parameters.codec_id != AV_CODEC_ID_NONE) return avcodec_get_name(parameters.codec_id);
  std::array<char, AV_FOURCC_MAX_STRING_SIZE> name{};
  return av_fourcc_make_string(name.data(), parameters.codec_tag);
}

class FfmpegDecoder final : public Decoder {
 public:
  FfmpegDecoder(double frames_per_second, const Config& config, FramePool& pool, base::Clock& clock, Counters counters)
      : frame_interval_(
            static_cast<std::int64_t>(1e9 / (frames_per_second > 0 ? std::min(frames_per_second, kMostFramesPerSecond)
                                                                   : kFallbackFramesPerSecond))),
        config_(config),
        pool_(pool),
        clock_(clock),
        counters_(counters),
        damage_(counters.corrupt) {}

  base::Status open(const AVCodecParameters& parameters);
  base::Status send(const Packet& packet) override;
  base::Status drain() override;
  base::Result<FramePtr> receive() override;
  void continue_after(const FrameInfo& last) override;

 private:
  std::shared_ptr<AVFrame> take_shell();
  MediaTime time_of(const AVFrame& frame);
  base::WallTime captured_at(const FrameInfo& info) const;

  const std::chrono::nanoseconds frame_interval_;
  const Config config_;
  FramePool& pool_;
  base::Clock& clock_;
  Counters counters_;
  DamageTracker damage_;
  internal::CodecContextPtr context_;  // complains to damage_
  Converter converter_;
  const std::shared_ptr<internal::FrameShells> shells_ = std::make_shared<internal::FrameShells>();
  const std::shared_ptr<internal::Blocks> control_blocks_ = std::make_shared<internal::Blocks>();
  std::array<base::SteadyTime, kArrivals> arrivals_{};  // of the newest packets, by their numbers
  bool drained_ = false;
  std::uint64_t sequence_ = 0;
  std::optional<MediaTime> last_time_;
};

base::Status FfmpegDecoder::open(const AVCodecParameters& parameters) {
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) {
    return Error(Code::unsupported, "no decoder for " + codec_name(parameters) + "; set the camera to H.264 or H.265");
  }
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) return Error(Code::exhausted, "out of memory");
  if (const int result = avcodec_parameters_to_context(context_.get(), &parameters); result < 0) {
    return ffmpeg_error(result, "cannot set up the decoder");
  }
  context_->thread_count = 1;
  context_->max_pixels = kMostPixels;
  context_->opaque = &damage_;
  context_->pkt_timebase = internal::kMediaTimeBase;
  // A picture with errors is worth more than none: it is handed on, marked as damaged.
  context_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  if (const int result = avcodec_open2(context_.get(), codec, nullptr); result < 0) {
    return ffmpeg_error(result, std::string("cannot start the decoder for ") + codec->name);
  }
  return {};
}

base::Status FfmpegDecoder::send(const Packet& packet) {
  if (drained_) avcodec_flush_buffers(context_.get());
  drained_ = false;
  const std::int64_t number = damage_.begin_packet();
  context_->reordered_opaque = number;
  arrivals_[static_cast<std::size_t>(number) % kArrivals] = packet.arrived();
  const int result = avcodec_send_packet(context_.get(), packet.native());
  if (result >= 0) return {};
  if (result == AVERROR(EAGAIN)) return Error(Code::exhausted, "receive frames before sending more");
  damage_.note_error();
  return Error(Code::corrupt, ffmpeg_error(result, "packet refused").message());
}

base::Status FfmpegDecoder::drain() {
  const int result = avcodec_send_packet(context_.get(), nullptr);
  if (result < 0 && result != AVERROR_EOF) return ffmpeg_error(result, "cannot drain the decoder");
  drained_ = true;
  return {};
}

base::Result<FramePtr> FfmpegDecoder::receive() {
  std::shared_ptr<AVFrame> decoded = take_shell();
  if (!decoded) return Error(Code::exhausted, "out of memory");
  if (const int result = avcodec_receive_frame(context_.get(), decoded.get()); result < 0) {
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return ffmpeg_error(result, "decoder");
    damage_.note_error();
    return Error(Code::corrupt, ffmpeg_error(result, "frame lost").message());
  }
  const FrameQuality quality = damage_.judge(*decoded);
  if (quality == FrameQuality::damaged) counters_.damaged.add();
  const auto handed_on = handed_on_format(static_cast<AVPixelFormat>(decoded->format));
  if (handed_on != decoded->format) {
    counters_.converted.add();
    OC_TRY(decoded, converter_.convert(*decoded, handed_on));
  }
  FrameInfo info;
  info.format = our_format(handed_on);
  info.width = decoded->width;
  info.height = decoded->height;
  info.color = internal::color_of(*decoded);
  info.sequence = sequence_++;
  info.time = time_of(*decoded);
  info.arrived = arrivals_[static_cast<std::size_t>(decoded->reordered_opaque) % kArrivals];
  info.captured = captured_at(info);
  info.quality = quality;
  std::array<PlaneView, 3> planes{};
  for (std::size_t plane = 0; plane < static_cast<std::size_t>(plane_count(info.format)); ++plane) {
    planes[plane] = {decoded->data[plane], decoded->linesize[plane]};
  }
  auto frame = pool_.wrap(info, planes, std::move(decoded));
  if (!frame) counters_.refused.add();
  return frame;
}

std::shared_ptr<AVFrame> FfmpegDecoder::take_shell() {
  AVFrame* shell = shells_->take();
  if (shell == nullptr) return nullptr;
  return {shell, [shells = shells_](AVFrame* used) { shells->give_back(used); },
          internal::BlockAllocator<AVFrame>(control_blocks_)};
}

MediaTime FfmpegDecoder::time_of(const AVFrame& frame) {
  const std::int64_t stamp = frame.best_effort_timestamp;
  const MediaTime expected = last_time_ ? *last_time_ + frame_interval_ : config_.origin;
  MediaTime time = stamp == AV_NOPTS_VALUE ? expected : config_.origin + std::chrono::nanoseconds(stamp);
  if (last_time_ && time <= *last_time_) time = expected;
  last_time_ = time;
  return time;
}

base::WallTime FfmpegDecoder::captured_at(const FrameInfo& info) const {
  if (!config_.recording_start) return clock_.wall_now() - (clock_.now() - info.arrived);
  return *config_.recording_start + std::chrono::duration_cast<base::WallTime::duration>(info.time.time_since_epoch());
}

void FfmpegDecoder::continue_after(const FrameInfo& last) {
  sequence_ = last.sequence + 1;
  last_time_ = last.time;
}

}  // namespace

base::Result<std::unique_ptr<Decoder>> Decoder::create(const Source& source, const Config& config, FramePool& pool,
                                                       base::Clock& clock, Counters counters) {
  [[maybe_unused]] static const bool kHearing = (av_log_set_callback(&hear_complaint), true);
  auto decoder = std::make_unique<FfmpegDecoder>(source.info().frames_per_second, config, pool, clock, counters);
  OC_TRY_STATUS(decoder->open(source.codec_parameters()));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace ocelli::media
