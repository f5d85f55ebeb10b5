#include "media/hardware.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/internal/device_layer.h"

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

constexpr std::array<std::pair<DecodeDevice, std::string_view>, 7> kNames{{{DecodeDevice::automatic, "auto"},
                                                                           {DecodeDevice::software, "software"},
                                                                           {DecodeDevice::cuda, "cuda"},
                                                                           {DecodeDevice::vaapi, "vaapi"},
                                                                           {DecodeDevice::v4l2m2m, "v4l2m2m"},
                                                                           {DecodeDevice::videotoolbox, "videotoolbox"},
                                                                           {DecodeDevice::d3d11va, "d3d11va"}}};

}  // namespace

std::string_view decode_device_name(DecodeDevice device) {
  for (const auto& [known, name] : kNames) {
    if (known == device) return name;
  }
  return "";
}

base::Result<DecodeDevice> parse_decode_device(std::string_view name) {
  std::string names;
  for (const auto& [device, known] : kNames) {
    if (known == name) return device;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  return Error(Code::invalid, "no decoding device '" + std::string(name) + "'; take one of " + names);
}

const std::vector<DecodeDevice>& hardware_kinds() {
  // Devices with memory of their own before V4L2, whose nodes are cameras on most machines.
  static const std::vector<DecodeDevice> kKinds = {DecodeDevice::cuda, DecodeDevice::vaapi, DecodeDevice::videotoolbox,
                                                   DecodeDevice::d3d11va, DecodeDevice::v4l2m2m};
  return kKinds;
}

struct HardwareDevices::Opened {
  DecodeDevice kind;
  base::Result<std::shared_ptr<internal::OpenDevice>> device;  // co-owned by the decoders that use it
};

HardwareDevices::HardwareDevices() : HardwareDevices(internal::make_ffmpeg_device_layer()) {}
HardwareDevices::HardwareDevices(std::unique_ptr<internal::DeviceLayer> layer) : layer_(std::move(layer)) {}
HardwareDevices::~HardwareDevices() = default;

bool HardwareDevices::is_compiled_in(DecodeDevice kind) const {
  return layer_->is_compiled_in(kind);
}

base::Status HardwareDevices::open(DecodeDevice kind) {
  OC_TRY([[maybe_unused]] const auto opened, device(kind));
  return {};
}

base::Result<std::shared_ptr<internal::OpenDevice>> HardwareDevices::device(DecodeDevice kind) {
  // The lock is held while the driver starts, against the custom: whoever waits for it wants this very device.
  const base::MutexLock lock(mutex_);
  const auto known = std::find_if(opened_.begin(), opened_.end(), [&](const auto& each) { return each.kind == kind; });
  if (known != opened_.end()) return known->device;
  opened_.push_back({kind, layer_->open(kind)});
  return opened_.back().device;
}

}  // namespace ocelli::media
