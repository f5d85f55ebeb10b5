#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace ocelli::media {

namespace internal {
class DeviceLayer;
struct OpenDevice;
}  // namespace internal

/// What decodes a stream.
enum class DecodeDevice {
  automatic,     ///< the first hardware that exists and takes the stream, else software
  software,      ///< the processor
  cuda,          ///< NVIDIA's NVDEC
  vaapi,         ///< Intel and AMD on Linux
  v4l2m2m,       ///< the codec of a system on a chip, on Linux; gives frames in memory
  videotoolbox,  ///< Apple
  d3d11va,       ///< Windows
};

/// "cuda".
std::string_view decode_device_name(DecodeDevice device);
/// `invalid` names the devices that there are.
base::Result<DecodeDevice> parse_decode_device(std::string_view name);
/// All kinds of hardware, in the order in which `automatic` tries them.
const std::vector<DecodeDevice>& hardware_kinds();

/// Where a stream is decoded, and why not in hardware.
struct DecodeUse {
  DecodeDevice device = DecodeDevice::software;  ///< never `automatic`
  std::string reason;      ///< in words, what keeps it from hardware; empty in hardware, or when nobody asked for that
  bool fell_back = false;  ///< hardware had taken the stream, or seemed to, before it failed
  bool operator==(const DecodeUse&) const = default;
};

/// The process's hardware decoders: one device context per kind, opened at its first use and shared by all decoders
/// that were given this object; who wants contexts apart makes several. What cannot be opened once is not tried again,
/// so the answer costs nothing to the next camera. Thread-safe; decoders and frames may outlive it.
class HardwareDevices {
 public:
  HardwareDevices();
  /// For tests: another layer than FFmpeg's.
  explicit HardwareDevices(std::unique_ptr<internal::DeviceLayer> layer);
  ~HardwareDevices();
  HardwareDevices(const HardwareDevices&) = delete;
  HardwareDevices& operator=(const HardwareDevices&) = delete;

  /// Whether this FFmpeg was built with it.
  bool is_compiled_in(DecodeDevice kind) const;
  /// Whether it can be used here: `unsupported` (not in this FFmpeg), `not_found` (no device), `unavailable` (no
  /// driver, or it refuses); the message says what to do. May take as long as a driver takes to start.
  base::Status open(DecodeDevice kind) OC_EXCLUDES(mutex_);

  /// For Decoder only.
  base::Result<std::shared_ptr<internal::OpenDevice>> device(DecodeDevice kind) OC_EXCLUDES(mutex_);
  internal::DeviceLayer& layer() const { return *layer_; }

 private:
  struct Opened;
  const std::unique_ptr<internal::DeviceLayer> layer_;
  base::Mutex mutex_;
  std::vector<Opened> opened_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::media
