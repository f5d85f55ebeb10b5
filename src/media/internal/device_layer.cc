#include "media/internal/device_layer.h"

#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <string>
#include <vector>

#include "media/internal/ffmpeg_log.h"

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/opt.h>
}

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

constexpr const char* kMemoryToMemory = "_v4l2m2m";  // how the names of those decoders end
// What a V4L2 decoder keeps for itself: with FFmpeg's own default of 20 a full pool of 16 frames leaves as many.
constexpr int kOwnCaptureBuffers = 4;

AVHWDeviceType ffmpeg_type(DecodeDevice kind) {
  switch (kind) {
    case DecodeDevice::cuda:
      return AV_HWDEVICE_TYPE_CUDA;
    case DecodeDevice::vaapi:
      return AV_HWDEVICE_TYPE_VAAPI;
    case DecodeDevice::videotoolbox:
      return AV_HWDEVICE_TYPE_VIDEOTOOLBOX;
    case DecodeDevice::d3d11va:
      return AV_HWDEVICE_TYPE_D3D11VA;
    case DecodeDevice::automatic:
    case DecodeDevice::software:
    case DecodeDevice::v4l2m2m:
      break;
  }
  return AV_HWDEVICE_TYPE_NONE;
}

std::vector<std::string> nodes(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> found;
  std::error_code ignored;  // no such folder: no such nodes
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool can_load(const char* library) {
  void* handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return false;
  dlclose(handle);
  return true;
}

base::Result<BufferPtr> create_context(AVHWDeviceType type, const char* node) {
  AVBufferRef* context = nullptr;
  const int result = av_hwdevice_ctx_create(&context, type, node, nullptr, 0);
  if (result < 0) return Error(Code::unavailable, ffmpeg_error(result, "it cannot be opened").message());
  return BufferPtr(context);
}

/// A context of its own, not the device's primary one. FFmpeg pushes it on the calling thread's stack of contexts
/// before each call to the driver and pops it after: no thread keeps it current, and decoders that share it need not
/// know of each other or of the threads they are called on. So it is thread-safe by construction, not by care.
base::Result<BufferPtr> open_cuda() {
  for (const char* library : {"libcuda.so.1", "libnvcuvid.so.1"}) {
    if (!can_load(library)) {
      return Error(Code::unavailable,
                   std::string("driver missing: ") + library +
                       " cannot be loaded; install NVIDIA's driver, in a container with its video part"
                       " (NVIDIA_DRIVER_CAPABILITIES=compute,video)");
    }
  }
  auto context = create_context(AV_HWDEVICE_TYPE_CUDA, nullptr);
  if (context) return context;
  return Error(Code::not_found, "device missing: the driver finds no GPU that it can use; does nvidia-smi show one? (" +
                                    context.error().message() + ")");
}

base::Result<BufferPtr> open_vaapi() {
  const auto found = nodes("/dev/dri", "renderD");
  if (found.empty()) {
    return Error(Code::not_found,
                 "device missing: no /dev/dri/renderD* here; load the GPU's kernel driver, or pass the node into the "
                 "container");
  }
  std::string refusals;
  for (const auto& node : found) {
    auto context = create_context(AV_HWDEVICE_TYPE_VAAPI, node.c_str());
    if (context) return context;
    refusals += (refusals.empty() ? "" : "; ") + node + ": " + context.error().message();
  }
  return Error(
      Code::unavailable,
      "driver missing or access refused: install the GPU's VA-API driver (vainfo tells) and join the group that "
      "owns the node (" +
          refusals + ")");
}

class FfmpegDeviceLayer final : public DeviceLayer {
 public:
  bool is_compiled_in(DecodeDevice kind) const override {
    if (kind == DecodeDevice::v4l2m2m) return avcodec_find_decoder_by_name("h264_v4l2m2m") != nullptr;
    const AVHWDeviceType wanted = ffmpeg_type(kind);
    if (wanted == AV_HWDEVICE_TYPE_NONE) return false;
    for (auto type = AV_HWDEVICE_TYPE_NONE; (type = av_hwdevice_iterate_types(type)) != AV_HWDEVICE_TYPE_NONE;) {
      if (type == wanted) return true;
    }
    return false;
  }

  base::Result<std::shared_ptr<OpenDevice>> open(DecodeDevice kind) override {
    if (!is_compiled_in(kind)) return Error(Code::unsupported, "this FFmpeg was built without it");
    listen_to_ffmpeg();  // or it would print what we say in our own words
    OC_TRY(auto context, open_context(kind));
    return std::make_shared<OpenDevice>(OpenDevice{kind, std::move(context)});
  }

  base::Result<HardwareCodec> find_codec(DecodeDevice kind, AVCodecID id) const override {
    const std::string name = avcodec_get_name(id);
    void* iterator = nullptr;
    while (const AVCodec* codec = av_codec_iterate(&iterator)) {
      if (av_codec_is_decoder(codec) == 0 || codec->id != id) continue;
      if (kind == DecodeDevice::v4l2m2m) {
        if (codec->name == name + kMemoryToMemory) return HardwareCodec{codec, AV_PIX_FMT_NONE};
        continue;
      }
      // Decoders that wrap another library fall back to nothing; FFmpeg's own ones fall back to software.
      if (codec->wrapper_name != nullptr) continue;
      for (int i = 0; const AVCodecHWConfig* config = avcodec_get_hw_config(codec, i); ++i) {
        const bool takes_device = (config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0;
        if (takes_device && config->device_type == ffmpeg_type(kind)) return HardwareCodec{codec, config->pix_fmt};
      }
    }
    return Error(Code::unsupported, "codec unsupported: it does not decode " + name);
  }

  base::Status attach(AVCodecContext& context, const OpenDevice& device, int frames_held) const override {
    if (device.kind == DecodeDevice::v4l2m2m) {
      if (av_opt_set_int(context.priv_data, "num_capture_buffers", frames_held + kOwnCaptureBuffers, 0) < 0) {
        return Error(Code::unsupported, "its number of buffers cannot be set");
      }
      return {};
    }
    context.hw_device_ctx = av_buffer_ref(device.context.get());
    if (context.hw_device_ctx == nullptr) return Error(Code::exhausted, "out of memory");
    context.extra_hw_frames = std::min(frames_held, kMostDeviceFrames) + 1;  // and the one that is being refused
    return {};
  }

 private:
  static base::Result<BufferPtr> open_context(DecodeDevice kind) {
    switch (kind) {
      case DecodeDevice::cuda:
        return open_cuda();
      case DecodeDevice::vaapi:
        return open_vaapi();
      case DecodeDevice::v4l2m2m:
        if (!nodes("/dev", "video").empty()) return BufferPtr();
        return Error(Code::not_found,
                     "device missing: no /dev/video* here; load the kernel driver of the chip's codec");
      default:
        return create_context(ffmpeg_type(kind), nullptr);
    }
  }
};

}  // namespace

std::unique_ptr<DeviceLayer> make_ffmpeg_device_layer() {
  return std::make_unique<FfmpegDeviceLayer>();
}

}  // namespace ocelli::media::internal
