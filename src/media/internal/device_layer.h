#pragma once

#include <memory>

#include "base/result.h"
#include "media/hardware.h"
#include "media/internal/ffmpeg.h"

namespace ocelli::media::internal {

struct FreeBuffer {
  void operator()(AVBufferRef* buffer) const { av_buffer_unref(&buffer); }
};
using BufferPtr = std::unique_ptr<AVBufferRef, FreeBuffer>;

/// How many device frames of one camera may be alive. They are meant to be brief: looked at there or downloaded. Each
/// costs every stream a surface, 3 MB at 1080p, and NVDEC has 32 of them for all purposes.
inline constexpr int kMostDeviceFrames = 4;

/// A device that answered. Immutable; used by many decoders at once.
struct OpenDevice {
  DecodeDevice kind;
  BufferPtr context;  ///< FFmpeg's device context; null for kinds that have none
};

/// How a device decodes a codec.
struct HardwareCodec {
  const AVCodec* codec;
  AVPixelFormat format;  ///< in which it gives frames on the device; AV_PIX_FMT_NONE: it gives them in memory
};

/// What the operating system and FFmpeg's build offer. Thread-safe.
class DeviceLayer {
 public:
  virtual ~DeviceLayer() = default;
  virtual bool is_compiled_in(DecodeDevice kind) const = 0;
  virtual base::Result<std::shared_ptr<OpenDevice>> open(DecodeDevice kind) = 0;
  /// `unsupported` when devices of this kind do not decode it.
  virtual base::Result<HardwareCodec> find_codec(DecodeDevice kind, AVCodecID id) const = 0;
  /// Gives a context that is not open yet its device, and surfaces enough that consumers cannot starve it while they
  /// hold `frames_held` frames, or kMostDeviceFrames where these lie on the device.
  virtual base::Status attach(AVCodecContext& context, const OpenDevice& device, int frames_held) const = 0;
};

std::unique_ptr<DeviceLayer> make_ffmpeg_device_layer();

}  // namespace ocelli::media::internal
