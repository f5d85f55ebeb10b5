#pragma once

#include <array>
#include <cstdarg>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "media/hardware.h"
#include "media/internal/damage_tracker.h"
#include "media/internal/device_layer.h"
#include "media/internal/ffmpeg.h"

namespace ocelli::media::internal {

/// FFmpeg's decoder of one stream: in hardware where that is wanted and works, else in software, and in software for
/// good once the hardware has failed. What FFmpeg complains of in its log only goes to the DamageTracker, or becomes
/// the reason why hardware is off. One thread at a time.
class Codec {
 public:
  struct Config {
    DecodeDevice device = DecodeDevice::software;
    HardwareDevices* devices = nullptr;  ///< null: there is no hardware
    int frames_held = 0;                 ///< that consumers may hold without starving a hardware decoder of surfaces
  };

  /// `damage` outlives it. Fails when FFmpeg has no such decoder, or when the one device that is wanted cannot be had;
  /// the message says what to do.
  static base::Result<std::unique_ptr<Codec>> open(const AVCodecParameters& parameters, const Config& config,
                                                   DamageTracker& damage);

  /// As avcodec_send_packet and avcodec_receive_frame; frames carry the number of their packet as reordered_opaque.
  int send(const AVPacket* packet);
  int receive(AVFrame& frame);
  void flush() { avcodec_flush_buffers(context_.get()); }

  const DecodeUse& use() const { return use_; }
  /// Whether the use is another one than when this was last asked.
  bool take_use_changed() { return std::exchange(use_changed_, false); }
  /// Whether this result of send() or receive() means that the hardware failed rather than that the stream is broken.
  bool is_hardware_failure(int result) const;
  /// A fresh decoder in software takes the place of the failed one, from a key frame on.
  base::Status replace_by_software(int why);

  /// Whether another one could begin with this packet and miss nothing: in software, where it needs nothing else.
  bool can_begin_anew_with(const AVPacket& packet) const;
  /// Another one of the same stream and in the same use.
  base::Result<std::unique_ptr<Codec>> open_anew() const;

  /// For listen_to_ffmpeg(): what an AVCodecContext logs.
  static void hear_complaint(void* speaker, int level, const char* format, va_list arguments);

 private:
  struct FreeParameters {
    void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
  };

  explicit Codec(DamageTracker& damage) : damage_(damage) {}
  base::Status copy_parameters(const AVCodecParameters& parameters);
  base::Status open_wanted(const Config& config);
  base::Status open_software();
  base::Status open_hardware(DecodeDevice kind, const Config& config);
  base::Result<CodecContextPtr> make_context(const AVCodec& codec);
  AVPixelFormat choose_format(const AVPixelFormat* offered);
  void use_software(const std::string& why);
  void settle_complaints();
  void hear(const char* format, va_list arguments);

  DamageTracker& damage_;
  std::unique_ptr<AVCodecParameters, FreeParameters> parameters_;
  std::shared_ptr<OpenDevice> device_;  // co-owned by the other decoders of the device
  AVPixelFormat device_format_ = AV_PIX_FMT_NONE;
  DecodeUse use_;
  bool use_changed_ = true;
  enum class Setup { none, trying, complained };
  Setup setup_ = Setup::none;  // whether FFmpeg sets up the hardware right now, as far as we know
  enum class Failure { none, surfaces, device };
  Failure failure_ = Failure::none;    // that the hardware decoder complained of with the newest packet
  std::array<char, 256> complaint_{};  // its first one of the newest packet
  int refused_in_a_row_ = 0;           // packets since the last picture
  CodecContextPtr context_;            // complains to this
};

}  // namespace ocelli::media::internal
