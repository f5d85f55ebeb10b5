#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "vision/geometry.h"

namespace ocelli::events {

/// Everything that decides about crowds; docs/crowd.md has it as one table. "px" are hundredths of a person's height in
/// the picture and "frames" 25 to the second, so that size, distance and rate of a camera do not matter. A value.
struct CrowdConfig {
  bool enabled = false;
  std::vector<std::string> labels{"person"};  ///< classes that count; empty: all

  int people = 3;               ///< that a crowd needs
  float distance_m = 1.2F;      ///< neighbours are nearer to each other than this, centre to centre
  float window_iou = 0.6F;      ///< least Jaccard index of the members now and one window ago
  float speed_px = 0.3F;        ///< loitering: mean way of the members in px per frame
  float drift_px = 8;           ///< loitering: way of their centre
  float radius_growth = 0.4F;   ///< dispersing: how far most have come from the centre, against the radius before
  float spread_growth = 0.35F;  ///< dispersing: root mean square distance from their own centre, against before
  float least_radius_m = 1;     ///< growth of what is smaller is measured as if it were this
  float hysteresis = 0.25F;  ///< neighbours stay such, and people count as staying, up to this share beyond distance_m

  std::chrono::milliseconds gather{5'000};        ///< together for this long: gathering
  std::chrono::milliseconds loiter{15'000};       ///< slow for this long: loitering
  std::chrono::milliseconds disperse{3'000};      ///< dispersing is growth within this time, and lasts no longer
  std::chrono::milliseconds drift_window{5'000};  ///< within which the centre's way is measured
  std::chrono::milliseconds window{2'000};        ///< over which moving and belonging are judged
  std::chrono::milliseconds end_after{2'000};     ///< too few people for this long: the crowd has ended
  std::chrono::milliseconds settle{2'000};        ///< two crowds in touch for this long are one
  std::chrono::milliseconds absence{1'500};  ///< a person who is not seen for no longer is taken to stand there still
  std::chrono::milliseconds smoothing{500};  ///< time constant of the mean over a person's places

  float near_miss_share = 0.5F;                       ///< of gather or loiter that a chance must have lasted to be told
  std::chrono::milliseconds near_miss_pause{10'000};  ///< between two near misses of the same kind

  /// Metres from a homography: four corners of a rectangle on the ground, walking around it; empty: from the height of
  /// people in the picture.
  std::vector<vision::UnitPoint> ground;
  float ground_width_m = 0;  ///< first corner to second
  float ground_depth_m = 0;  ///< second corner to third
  float person_height_m = 1.7F;
  float view_angle_deg = 70;  ///< horizontal; only where there is no homography
};

/// What makes the values contradict each other, in one line.
std::optional<std::string> crowd_defect(const CrowdConfig& config);

}  // namespace ocelli::events
