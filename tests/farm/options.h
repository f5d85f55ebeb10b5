#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/farm/camera.h"
#include "tests/farm/clip.h"

namespace ocelli::farm {

/// So many cameras that show the same clip.
struct CameraGroup {
  int count = 0;
  ClipConfig clip;
};

enum class Ports { shared, each };

/// The command line.
struct Options {
  std::string cameras = "4x640x360@25:800k";
  std::string clips;
  int loop_s = 10;
  int key_interval_s = 2;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  Ports ports = Ports::shared;
  Join join = Join::key;
  std::string auth;
  int session_timeout_s = 60;
  std::size_t queue_bytes = std::size_t{1} << 20U;
  std::string fault_plan;
  std::string fault_file;
  double fault_delay_s = 0;
  bool prints_faults = false;
  std::uint64_t seed = 1;
  double duration_s = 0;  ///< 0: until told to end.
  double late_after_ms = 10;
  std::string log_file;
};

/// `COUNTxWIDTHxHEIGHT@FPS:BITRATE[:h264|:h265],…`; the bit rate may end in k or M.
base::Result<std::vector<CameraGroup>> parse_cameras(const Options& options);

}  // namespace ocelli::farm
