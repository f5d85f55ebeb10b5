#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ocelli::farm {

/// What can be wrong with a camera. The README says what each does to its clients.
enum class FaultKind {
  loss,
  reorder,
  stall,
  half_open,
  restart,
  reboot,
  sdp,
  resolution,
  garbage,
  no_key,
  ts_zero,
  ts_repeat,
  ts_wall,
  no_keepalive,
};

inline constexpr int kAllCameras = -1;

/// One fault of one camera, in seconds since the program was ready.
struct Fault {
  int camera = kAllCameras;
  FaultKind kind = FaultKind::loss;
  double begin_s = 0;
  double end_s = 0;
  double percent = 0;  ///< Of packets, for loss and reorder; of pictures, for garbage.
};

/// How RTP timestamps come about.
enum class TimestampMode { normal, zero, repeat, wall };

/// What all active faults of a camera do to it together.
struct Effects {
  double loss_percent = 0;
  double reorder_percent = 0;
  double garbage_percent = 0;
  bool is_silent = false;         ///< No media, but answers.
  bool is_half_open = false;      ///< Neither reads nor writes.
  bool is_down = false;           ///< Refuses connections.
  bool shows_other_clip = false;  ///< From the next DESCRIBE.
  bool changes_size = false;      ///< From the next key frame.
  bool holds_key_frames = false;
  bool ignores_keepalive = false;
  TimestampMode timestamps = TimestampMode::normal;
};

void add_effect(Effects& effects, const Fault& fault);

std::string_view fault_name(FaultKind kind);
std::vector<std::string> fault_names();
base::Result<FaultKind> parse_fault_kind(std::string_view name);

/// SEED:SECONDS:FRACTION[:KIND,KIND…]: which share of the cameras suffers, one fault after the other with healthy
/// pauses.
struct FaultPlan {
  std::uint64_t seed = 0;
  double seconds = 0;
  double fraction = 0;
  std::vector<FaultKind> kinds;  ///< Never empty.
};
base::Result<FaultPlan> parse_fault_plan(const std::string& text);

/// The same plan and number of cameras give the same faults, sorted by their begin.
std::vector<Fault> generate_faults(const FaultPlan& plan, int camera_count);

/// JSON lines as to_json() writes them. An error names the line.
base::Result<std::vector<Fault>> read_faults(const std::filesystem::path& file, int camera_count);
std::string to_json(const Fault& fault);

}  // namespace ocelli::farm
