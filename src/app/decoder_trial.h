#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "media/hardware.h"

namespace ocelli::app {

/// What decoding a clip on a device came to.
struct DecoderTrial {
  double frames_per_second = 0;             ///< pictures decoded
  double downloaded_frames_per_second = 0;  ///< pictures decoded and brought into memory, as the analysis needs them
};

/// Writes a short clip of 1080p, `path`, for try_decoder().
base::Status write_trial_clip(const std::string& path);

/// Decodes the clip on one device, twice: once as it is, once downloading each picture. A device that gives up on the
/// way is an error with its reason.
base::Result<DecoderTrial> try_decoder(const std::string& clip, media::DecodeDevice device,
                                       media::HardwareDevices& devices, base::Clock& clock);

}  // namespace ocelli::app
