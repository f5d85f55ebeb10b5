#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "media/source.h"

namespace ocelli::media {

/// The steps from an address to pictures, in the order in which they are taken.
enum class ProbeStep {
  address,     ///< does it have the form of one
  name,        ///< has the host an address (network only, as the next two)
  connection,  ///< does the port take connections
  encryption,  ///< rtsps, https: does the server prove its name
  device,      ///< V4L2 camera only: is it there, ours to open, a camera, and free
  dialogue,    ///< does the server give the stream, or the file open as media
  video,       ///< is there video in it
  codec,       ///< can it be decoded
  key_frame,   ///< does a first whole picture come out
  timestamps,  ///< can its times be used as they are
};
std::string_view probe_step_name(ProbeStep step);

/// What can be wrong, told apart because the remedies differ.
enum class ProbeFailure {
  bad_address,
  unknown_host,
  refused,
  timeout,
  tls,
  unauthorised,
  not_found,
  not_media,
  no_video,
  unsupported_codec,
  no_key_frame,
  bad_timestamps,  ///< usable: they are repaired
  no_device,
  no_permission,
  no_camera,  ///< a device, but none that gives pictures
  busy,
  other,
};
std::string_view probe_failure_name(ProbeFailure failure);
/// What a person can do about it.
std::string_view probe_remedy(ProbeFailure failure);

struct ProbeStepResult {
  ProbeStep step;
  bool passed = false;
  std::chrono::milliseconds took{};
  std::string detail;  ///< what was found; the reason when it did not pass
};

struct ProbeReport {
  std::vector<ProbeStepResult> steps;  ///< those taken; the last is the one that failed, if any
  std::optional<ProbeFailure> failure;
  std::optional<StreamInfo> info;  ///< once opened
  bool usable = false;             ///< pictures come
};

struct ProbeConfig {
  SourceConfig source;  ///< its timeout bounds each step up to the video
  std::chrono::milliseconds key_frame_within{10'000};
  std::chrono::milliseconds watch_times_for{3'000};  ///< of a live source; of a file, as much media time
};

/// Takes the steps from an address to pictures one by one and tells at which it fails. Blocks for the sum of the bounds
/// at most; a stop request ends it early, with what was found so far. Never shows credentials.
ProbeReport probe(const ProbeConfig& config, base::Clock& clock, std::stop_token stop);

}  // namespace ocelli::media
