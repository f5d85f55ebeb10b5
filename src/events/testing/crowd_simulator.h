#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "events/crowd_config.h"
#include "events/crowd_ruler.h"
#include "infer/detection.h"
#include "media/media_time.h"
#include "track/track.h"
#include "vision/geometry.h"

namespace ocelli::events::testing {

/// A pinhole above flat ground, looking along its y axis.
struct SimulatedCamera {
  std::string_view name;
  int width = 0;
  int height = 0;
  double height_m = 0;
  double tilt_deg = 0;  ///< below the horizontal
  double view_angle_deg = 0;
  double frames_per_second = 25;
};

/// How the rule under test learns metres.
enum class Calibration { homography, view_angle, nothing };
inline constexpr Calibration kCalibrations[] = {Calibration::homography, Calibration::view_angle, Calibration::nothing};
std::string_view calibration_name(Calibration calibration);

/// What happens in a scene.
enum class SceneKind {
  stay,         ///< a group gathers, stays for long and parts
  brief,        ///< gathers and parts before it loiters
  passing,      ///< people and families walk through
  too_short,    ///< three or more meet for some seconds
  restless,     ///< a group that does not stand still
  merging,      ///< two groups become one
  splitting,    ///< a part of a group shuffles away
  two_crowds,   ///< at once
  queue,        ///< a tight one that moves up
  loose_queue,  ///< with more than the distance between them
  thinning,     ///< one after the other leaves
  walked_by,    ///< people walk closely past a standing group, and through it
  moving_off,   ///< the group leaves together
  pairs,        ///< people stand in twos
};
inline constexpr int kSceneKinds = 14;
std::string_view scene_name(SceneKind kind);

/// Somebody as they truly are in one frame; only those who are wholly in the picture are listed.
struct TruePerson {
  std::uint64_t id = 0;
  GroundPoint ground;
  vision::PixelBox box;
};
struct TrueFrame {
  media::MediaTime time;
  std::vector<TruePerson> people;
};
struct Scene {
  SceneKind kind = SceneKind::stay;
  SimulatedCamera camera;
  std::vector<TrueFrame> frames;
};

/// People who walk and stand under social forces (Helbing & Molnár, "Social force model for pedestrian dynamics",
/// Physical Review E 51, 1995): each is drawn to a goal and pushed away by the others, more by those ahead. The same
/// seed gives the same scene.
Scene simulate_scene(SceneKind kind, std::uint64_t seed);

/// The rule's configuration for a camera: the defaults, and what the calibration tells.
CrowdConfig config_for(const SimulatedCamera& camera, Calibration calibration);

/// What a detector and a tracker make of the truth.
struct CrowdNoise {
  double misses = 0.10;     ///< of the people, in each frame
  double box_sigma = 0.05;  ///< of place and size, in heights of the person
  double dropped_frames = 0.20;
  double id_switches = 0.02;  ///< of the sightings: a new number, or a neighbour's
};

/// Makes noisy tracks or detections of one scene, frame by frame. Seeded.
class NoisyView {
 public:
  NoisyView(const CrowdNoise& noise, std::uint64_t seed);

  bool drops_frame();
  std::vector<track::Track> tracks(const TrueFrame& frame);
  std::vector<infer::Detection> detections(const TrueFrame& frame);

 private:
  vision::PixelBox noisy(const vision::PixelBox& box);
  double normal(double sigma);
  bool chance(double share);

  CrowdNoise noise_;
  std::mt19937_64 random_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tracks_;  // person and track
  std::uint64_t last_track_ = 0;
};

}  // namespace ocelli::events::testing
