#include "media/decoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/internal/codec.h"
#include "media/internal/damage_tracker.h"
#include "media/internal/ffmpeg.h"
#include "media/internal/orientation.h"
#include "media/internal/pixel_converter.h"

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;
using internal::ffmpeg_error;

constexpr double kFallbackFramesPerSecond = 25;
constexpr double kMostFramesPerSecond = 1000;
// Pictures leave the decoder at most this many packets after their own came in: codecs reorder by 16.
constexpr std::size_t kArrivals = 64;

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
  void tell_use();
  void begin_anew();
  int submit(const Packet& packet);
  base::Status go_on_in_software(int why);
  base::Result<FramePtr> hand_on(std::shared_ptr<AVFrame> decoded);
  std::shared_ptr<AVFrame> take_shell();
  MediaTime time_of(const AVFrame& frame);
  base::WallTime captured_at(const FrameInfo& info) const;

  const std::chrono::nanoseconds frame_interval_;
  const Config config_;
  FramePool& pool_;
  base::Clock& clock_;
  Counters counters_;
  internal::DamageTracker damage_;
  std::unique_ptr<internal::Codec> codec_;     // complains to damage_
  std::unique_ptr<internal::Codec> retiring_;  // the one before, while it still has pictures to give
  internal::PixelConverter converter_;
  const std::shared_ptr<internal::FrameShells> shells_ = std::make_shared<internal::FrameShells>();
  const std::shared_ptr<internal::Blocks> control_blocks_ = std::make_shared<internal::Blocks>();
  std::array<base::SteadyTime, kArrivals> arrivals_{};  // of the newest packets, by their numbers
  bool drained_ = false;
  bool waits_for_key_ = false;  // since the hardware failed
  std::uint64_t sequence_ = 0;
  std::optional<MediaTime> last_time_;
};

base::Status FfmpegDecoder::open(const AVCodecParameters& parameters) {
  const internal::Codec::Config config{config_.device, config_.hardware, static_cast<int>(pool_.max_frames())};
  OC_TRY(codec_, internal::Codec::open(parameters, config, damage_));
  tell_use();
  return {};
}

void FfmpegDecoder::tell_use() {
  if (!codec_->take_use_changed()) return;
  if (codec_->use().fell_back) counters_.fallbacks.add();
  if (config_.on_use) config_.on_use(codec_->use());
}

/// FFmpeg's decoders never give back what memory they took to conceal an error, so that every camera would end at its
/// worst moment. Once a stream is whole again, a fresh decoder takes over where that changes no picture.
void FfmpegDecoder::begin_anew() {
  auto fresh = codec_->open_anew();
  if (!fresh) return;                                    // out of memory: the old one still works
  if (codec_->send(nullptr) == AVERROR(EAGAIN)) return;  // it has pictures to give first: the next key frame will do
  damage_.forget_damage();
  retiring_ = std::exchange(codec_, std::move(*fresh));
}

int FfmpegDecoder::submit(const Packet& packet) {
  const std::int64_t number = damage_.begin_packet();
  arrivals_[static_cast<std::size_t>(number) % kArrivals] = packet.arrived();
  if (packet.lacks_reference()) damage_.note_loss();
  return codec_->send(packet.native());
}

base::Status FfmpegDecoder::send(const Packet& packet) {
  if (drained_) codec_->flush();
  drained_ = false;
  if (waits_for_key_ && !packet.is_key()) return {};
  waits_for_key_ = false;
  if (damage_.healed() && packet.is_key() && !retiring_ && codec_->can_begin_anew_with(*packet.native())) begin_anew();
  int result = submit(packet);
  if (codec_->is_hardware_failure(result)) {
    OC_TRY_STATUS(go_on_in_software(result));
    if (!packet.is_key()) return {};
    waits_for_key_ = false;
    result = submit(packet);
  }
  tell_use();
  if (result >= 0) return {};
  if (result == AVERROR(EAGAIN)) return Error(Code::exhausted, "receive frames before sending more");
  damage_.note_error();
  return Error(Code::corrupt, ffmpeg_error(result, "packet refused").message());
}

/// What the device still held is lost; pictures come again with the next key frame.
base::Status FfmpegDecoder::go_on_in_software(int why) {
  OC_TRY_STATUS(codec_->replace_by_software(why));
  waits_for_key_ = true;
  tell_use();
  return {};
}

base::Status FfmpegDecoder::drain() {
  int result = codec_->send(nullptr);
  if (codec_->is_hardware_failure(result)) {
    OC_TRY_STATUS(go_on_in_software(result));
    result = codec_->send(nullptr);
  }
  if (result < 0 && result != AVERROR_EOF) return ffmpeg_error(result, "cannot drain the decoder");
  drained_ = true;
  return {};
}

base::Result<FramePtr> FfmpegDecoder::receive() {
  std::shared_ptr<AVFrame> decoded = take_shell();
  if (!decoded) return Error(Code::exhausted, "out of memory");
  if (retiring_) {
    if (retiring_->receive(*decoded) >= 0) return hand_on(std::move(decoded));
    retiring_.reset();
  }
  int result = codec_->receive(*decoded);
  if (codec_->is_hardware_failure(result)) {
    OC_TRY_STATUS(go_on_in_software(result));
    if (drained_) OC_TRY_STATUS(drain());
    result = codec_->receive(*decoded);
  }
  tell_use();
  if (result < 0) {
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return ffmpeg_error(result, "decoder");
    damage_.note_error();
    return Error(Code::corrupt, ffmpeg_error(result, "frame lost").message());
  }
  return hand_on(std::move(decoded));
}

base::Result<FramePtr> FfmpegDecoder::hand_on(std::shared_ptr<AVFrame> decoded) {
  // Not every hardware decoder carries the packet's number through.
  const std::int64_t packet = decoded->reordered_opaque > 0 ? decoded->reordered_opaque : damage_.newest_packet();
  const FrameQuality quality = damage_.judge(*decoded, packet);
  if (quality == FrameQuality::damaged) counters_.damaged.add();
  const bool on_device = decoded->hw_frames_ctx != nullptr;
  const auto orientation = on_device ? internal::Orientation{} : internal::orientation_of(*decoded);
  auto handed_on = internal::handed_on_format(internal::format_of_samples(*decoded));
  if (orientation.turns()) handed_on = internal::turnable_format(handed_on, decoded->width, decoded->height);
  if (!on_device && handed_on != decoded->format) {
    counters_.converted.add();
    OC_TRY(decoded, converter_.convert(*decoded, handed_on));
  }
  if (orientation.turns()) {
    OC_TRY(decoded, internal::copy_turned(*decoded, orientation));
  }
  FrameInfo info;
  info.format = internal::our_format(handed_on);
  info.pixels = on_device ? PixelLocation::device : PixelLocation::memory;
  info.width = decoded->width;
  info.height = decoded->height;
  info.color = internal::color_of(*decoded);
  info.sequence = sequence_++;
  info.time = time_of(*decoded);
  info.arrived = arrivals_[static_cast<std::size_t>(packet) % kArrivals];
  info.captured = captured_at(info);
  info.quality = quality;
  if (on_device && pool_.device_frames_alive() >= internal::kMostDeviceFrames) {
    counters_.refused.add();
    return Error(Code::exhausted, "all " + std::to_string(internal::kMostDeviceFrames) + " device frames are in use");
  }
  std::array<PlaneView, 3> planes{};
  for (std::size_t plane = 0; plane < static_cast<std::size_t>(plane_count(info.format)) && !on_device; ++plane) {
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
  auto decoder = std::make_unique<FfmpegDecoder>(source.info().frames_per_second, config, pool, clock, counters);
  OC_TRY_STATUS(decoder->open(source.codec_parameters()));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace ocelli::media
