#pragma once

#include <string>

#include "base/result.h"

namespace ocelli::media::internal {

/// Why a V4L2 camera cannot be had, told apart because the remedies differ.
enum class CaptureFault {
  none,
  absent,         ///< no such node, or nothing behind it
  not_permitted,  ///< the node belongs to somebody else
  no_camera,      ///< gives no pictures, or none that FFmpeg takes
  busy,           ///< another program has its pictures
  broken,         ///< the driver fails
};

/// What a V4L2 node says of itself.
struct CaptureDevice {
  CaptureFault fault = CaptureFault::none;
  std::string reason;       ///< of the fault: what is wrong
  std::string remedy;       ///< and what to do about it, in a few words
  std::string name;         ///< of the camera, as its driver calls it
  bool gives_jpeg = false;  ///< motion JPEG is among its formats
};

/// Opens the node, asks, and closes it again. Changes nothing in the camera. The kernel answers at once, apart from
/// drivers that wake a sleeping camera first: that cannot be interrupted.
CaptureDevice look_at_camera(const std::string& path);

/// The same as an error, where there is a fault.
base::Status to_status(const CaptureDevice& device, const std::string& what);

/// Makes FFmpeg's V4L2 demuxer known. It lies in a library (libavdevice) that brings in X11, SDL and PulseAudio on
/// Debian, so that only those who have such a camera need it: it is loaded here and stays. `unsupported` when it is
/// absent. Thread-safe.
base::Status load_capture_library();

}  // namespace ocelli::media::internal
