#include "media/internal/codec.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "media/internal/ffmpeg_log.h"
#include "media/internal/parameter_sets.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

constexpr int kMostPixels = 1 << 26;  // a damaged or forged header may not make us allocate more

constexpr int kMostRefused = 25;  // packets in a row, a second of most cameras: a device that gives nothing any more
// What FFmpeg's own part of every hardware decoder says when the device does not do its work.
constexpr std::string_view kNoSurface = "get_buffer() failed";
constexpr std::string_view kDeviceFailed = "hardware accelerator failed";

/// FFmpeg's short name, or the four characters by which the container calls a codec that FFmpeg does not know.
std::string codec_name(const AVCodecParameters& parameters) {
  if (parameters.codec_id != AV_CODEC_ID_NONE) return avcodec_get_name(parameters.codec_id);
  std::array<char, AV_FOURCC_MAX_STRING_SIZE> name{};
  return av_fourcc_make_string(name.data(), parameters.codec_tag);
}

std::string ffmpeg_words(int number) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
  av_strerror(number, words.data(), words.size());
  return words.data();
}

std::string named(DecodeDevice device, const std::string& text) {
  return std::string(decode_device_name(device)) + ": " + text;
}

/// "h264 High 1920x1080".
std::string description(const AVCodecContext& context) {
  const char* profile = avcodec_profile_name(context.codec_id, context.profile);
  return std::string(avcodec_get_name(context.codec_id)) + (profile != nullptr ? std::string(" ") + profile : "") +
         " " + std::to_string(context.width) + "x" + std::to_string(context.height);
}

bool is_on_device(AVPixelFormat format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  return descriptor != nullptr && (descriptor->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0;
}

}  // namespace

base::Result<std::unique_ptr<Codec>> Codec::open(const AVCodecParameters& parameters, const Config& config,
                                                 DamageTracker& damage) {
  listen_to_ffmpeg();
  std::unique_ptr<Codec> codec(new Codec(damage));
  OC_TRY_STATUS(codec->copy_parameters(parameters));
  OC_TRY_STATUS(codec->open_wanted(config));
  return codec;
}

base::Status Codec::copy_parameters(const AVCodecParameters& parameters) {
  parameters_.reset(avcodec_parameters_alloc());
  if (!parameters_) return Error(Code::exhausted, "out of memory");
  const int result = avcodec_parameters_copy(parameters_.get(), &parameters);
  if (result < 0) return ffmpeg_error(result, "cannot set up the decoder");
  return {};
}

base::Status Codec::open_wanted(const Config& config) {
  if (config.device == DecodeDevice::software) return open_software();
  if (config.device != DecodeDevice::automatic) {
    auto status = config.devices != nullptr ? open_hardware(config.device, config)
                                            : Error(Code::unavailable, "this program decodes in software only");
    if (status) return {};
    return Error(status.error().code(), "cannot decode by " + named(config.device, status.error().message()) +
                                            "; or set decode_device to auto or software");
  }
  std::string reasons;
  if (config.devices != nullptr) {
    for (const DecodeDevice kind : hardware_kinds()) {
      if (!config.devices->is_compiled_in(kind)) continue;
      const auto status = open_hardware(kind, config);
      if (status) return {};
      reasons += (reasons.empty() ? "" : "; ") + named(kind, status.error().message());
    }
    if (reasons.empty()) reasons = "this FFmpeg was built without hardware decoders";
  }
  OC_TRY_STATUS(open_software());
  use_.reason = std::move(reasons);
  return {};
}

base::Status Codec::open_software() {
  const AVCodec* codec = avcodec_find_decoder(parameters_->codec_id);
  if (codec == nullptr) {
    return Error(Code::unsupported,
                 "no decoder for " + codec_name(*parameters_) + "; set the camera to H.264 or H.265");
  }
  OC_TRY(auto context, make_context(*codec));
  if (const int result = avcodec_open2(context.get(), codec, nullptr); result < 0) {
    return ffmpeg_error(result, std::string("cannot start the decoder for ") + codec->name);
  }
  context_ = std::move(context);
  return {};
}

base::Status Codec::open_hardware(DecodeDevice kind, const Config& config) {
  OC_TRY(auto device, config.devices->device(kind));
  OC_TRY(const HardwareCodec hardware, config.devices->layer().find_codec(kind, parameters_->codec_id));
  OC_TRY(auto context, make_context(*hardware.codec));
  OC_TRY_STATUS(config.devices->layer().attach(*context, *device, config.frames_held));
  if (hardware.format != AV_PIX_FMT_NONE) {
    context->get_format = [](AVCodecContext* asking, const AVPixelFormat* offered) {
      return static_cast<Codec*>(asking->opaque)->choose_format(offered);
    };
  }
  use_ = {.device = kind, .reason = {}, .fell_back = false};  // so that complaints are noted down
  complaint_[0] = '\0';
  setup_ = Setup::trying;
  const int result = avcodec_open2(context.get(), hardware.codec, nullptr);
  if (result < 0) {
    const std::string words = complaint_[0] != '\0' ? complaint_.data() : ffmpeg_words(result);
    const std::string refused = description(*context);
    context.reset();  // still part of the attempt: what it complains of is no damage to the stream
    setup_ = Setup::none;
    use_ = {};
    return Error(Code::unavailable, "device refuses " + refused + " (" + words + ")");
  }
  setup_ = Setup::none;
  device_ = std::move(device);
  device_format_ = hardware.format;
  context_ = std::move(context);
  return {};
}

base::Result<CodecContextPtr> Codec::make_context(const AVCodec& codec) {
  CodecContextPtr context(avcodec_alloc_context3(&codec));
  if (!context) return Error(Code::exhausted, "out of memory");
  if (const int result = avcodec_parameters_to_context(context.get(), parameters_.get()); result < 0) {
    return ffmpeg_error(result, "cannot set up the decoder");
  }
  context->thread_count = 1;
  context->max_pixels = kMostPixels;
  context->opaque = this;
  context->pkt_timebase = kMediaTimeBase;
  // A picture with errors is worth more than none: it is handed on, marked as damaged.
  context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  return context;
}

int Codec::send(const AVPacket* packet) {
  context_->reordered_opaque = damage_.newest_packet();
  complaint_[0] = '\0';
  failure_ = Failure::none;
  const int result = avcodec_send_packet(context_.get(), packet);
  settle_complaints();
  if (result == AVERROR_INVALIDDATA) ++refused_in_a_row_;
  return result;
}

int Codec::receive(AVFrame& frame) {
  const int result = avcodec_receive_frame(context_.get(), &frame);
  settle_complaints();
  if (result >= 0) refused_in_a_row_ = 0;
  return result;
}

/// FFmpeg parses the stream itself and calls broken bytes invalid data; drivers fail in other ways. But H.264's decoder
/// calls what its device failed to do invalid data too, so what it complained of counts, and that it goes on so.
bool Codec::is_hardware_failure(int result) const {
  if (use_.device == DecodeDevice::software || result >= 0) return false;
  if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return false;
  return result != AVERROR_INVALIDDATA || failure_ != Failure::none || refused_in_a_row_ >= kMostRefused;
}

base::Status Codec::replace_by_software(int why) {
  const bool no_surface = failure_ == Failure::surfaces || why == AVERROR(ENOMEM);
  const std::string words = complaint_[0] != '\0' ? complaint_.data() : ffmpeg_words(why);
  use_software(named(use_.device, (no_surface ? "surfaces exhausted (" : "device failed (") + words + ")"));
  device_format_ = AV_PIX_FMT_NONE;
  device_.reset();
  return open_software();
}

bool Codec::can_begin_anew_with(const AVPacket& packet) const {
  return use_.device == DecodeDevice::software && stands_alone(packet, *parameters_);
}

base::Result<std::unique_ptr<Codec>> Codec::open_anew() const {
  std::unique_ptr<Codec> codec(new Codec(damage_));
  OC_TRY_STATUS(codec->copy_parameters(*parameters_));
  OC_TRY_STATUS(codec->open_software());
  codec->context_->has_b_frames = context_->has_b_frames;  // how far this stream reorders, which is learnt slowly
  codec->use_ = use_;
  codec->use_changed_ = false;
  return codec;
}

/// FFmpeg asks at the first key frame and whenever the stream changes. When the hardware does not take the stream it
/// asks again without that format; from then on this very decoder works in software, and no picture is lost.
AVPixelFormat Codec::choose_format(const AVPixelFormat* offered) {
  AVPixelFormat in_memory = AV_PIX_FMT_NONE;
  for (const AVPixelFormat* format = offered; *format != AV_PIX_FMT_NONE; ++format) {
    if (use_.device != DecodeDevice::software && *format == device_format_) {
      setup_ = Setup::trying;
      complaint_[0] = '\0';
      return *format;
    }
    if (in_memory == AV_PIX_FMT_NONE && !is_on_device(*format)) in_memory = *format;
  }
  // A decoder that is nothing but a way into hardware (AV1) fails by this and is replaced.
  if (context_->codec != avcodec_find_decoder(context_->codec_id)) return AV_PIX_FMT_NONE;
  if (use_.device != DecodeDevice::software) {
    const std::string words = setup_ == Setup::complained ? std::string(" (") + complaint_.data() + ")" : "";
    use_software(named(use_.device, "profile or size unsupported: it does not take " + description(*context_) + words));
  }
  setup_ = Setup::none;
  return in_memory;
}

void Codec::use_software(const std::string& why) {
  use_ = {.device = DecodeDevice::software, .reason = why, .fell_back = true};
  use_changed_ = true;
}

/// What was heard while hardware was being set up, and did not end in a second question for the format, was about the
/// stream after all.
void Codec::settle_complaints() {
  if (std::exchange(setup_, Setup::none) == Setup::complained) damage_.note_error();
}

void Codec::hear(const char* format, va_list arguments) {
  if (use_.device != DecodeDevice::software) {
    const std::string_view words = format;
    if (words.starts_with(kNoSurface)) failure_ = Failure::surfaces;
    if (words.starts_with(kDeviceFailed)) failure_ = Failure::device;
    if (complaint_[0] == '\0') {  // the first one names the cause, others follow from it
      std::vsnprintf(complaint_.data(), complaint_.size(), format, arguments);
      complaint_[std::string_view(complaint_.data()).find_last_not_of('\n') + 1] = '\0';
    }
  }
  if (setup_ == Setup::none) {
    damage_.note_error();
  } else {
    setup_ = Setup::complained;
  }
}

/// FFmpeg's decoders conceal most errors and say so in their log only: a lost reference picture, for one, leaves no
/// trace in the frames that build on it. What a decoder logs as an error is one; that a picture is missing it may log
/// lower.
void Codec::hear_complaint(void* speaker, int level, const char* format, va_list arguments) {
  constexpr std::string_view kMissingPicture = "Frame num gap";
  if (level > AV_LOG_ERROR && !std::string_view(format).starts_with(kMissingPicture)) return;
  // Null in decoders that are not ours, such as those by which FFmpeg looks into a file.
  if (auto* codec = static_cast<Codec*>(static_cast<AVCodecContext*>(speaker)->opaque)) codec->hear(format, arguments);
}

}  // namespace ocelli::media::internal
