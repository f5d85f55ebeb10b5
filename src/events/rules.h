#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "events/behaviour_config.h"
#include "events/crowd_config.h"
#include "events/event.h"
#include "media/frame.h"
#include "track/track.h"
#include "vision/geometry.h"

namespace ocelli::events {

/// Which direction over a line is no event of its own.
enum class AllowedDirection { both, forward, backward };

/// A directed line, with bends where it has points between its ends. Crossing from its left side to its right side,
/// seen on the screen when walking from `from` to `to`, is "forward", the other way "backward".
struct LineConfig {
  std::string name;
  vision::UnitPoint from;
  vision::UnitPoint to;
  std::vector<std::string> labels;          ///< classes that count; empty: all
  float hysteresis = 0.01F;                 ///< share of the picture height that the anchor must go beyond the line
  std::vector<vision::UnitPoint> via = {};  ///< bends, in order from `from` to `to`
  AllowedDirection allowed = AllowedDirection::both;
  std::chrono::milliseconds tailgating{0};  ///< crossings by two objects not further apart are an event; 0: none
};
/// from, via, to.
std::vector<vision::UnitPoint> points_of(const LineConfig& line);

/// A polygon with at least three corners that does not cross itself.
struct ZoneConfig {
  std::string name;
  std::vector<vision::UnitPoint> corners;
  std::vector<std::string> labels;          ///< classes that count; empty: all
  std::chrono::milliseconds min_stay{500};  ///< inside (outside) for this long before it counts as entered (left)
  std::chrono::milliseconds dwell{0};       ///< a stay this long is an event; 0: none
  int occupancy = 0;                        ///< this many inside at once are an event; 0: none
  std::chrono::milliseconds occupancy_for{1'000};  ///< so many, or fewer, for this long before it counts
  float heading_deg = 0;          ///< the way to go, on the screen: 0 up, 90 to the right; with wrong_way_for
  float heading_within_deg = 60;  ///< what differs more goes the wrong way
  std::chrono::milliseconds wrong_way_for{0};  ///< going the wrong way for this long is an event; 0: none
  float max_speed_kmh = 0;                     ///< faster is an event; 0: none
  std::chrono::milliseconds speeding_for{1'000};
  std::vector<std::string> things = {"backpack", "handbag", "suitcase"};  ///< classes that can be left or removed
  std::chrono::milliseconds left_after{0};     ///< a thing that stood and was alone for this long is left; 0: none
  float left_distance_m = 3;                   ///< alone: no person nearer
  std::chrono::milliseconds removed_after{0};  ///< a thing that stood for this long and is gone is removed; 0: none
};

/// A place on the ground, in a frame of one's own.
struct MetrePoint {
  double x = 0;
  double y = 0;
  bool operator==(const MetrePoint&) const = default;
};

/// How pixels become metres: by four places whose distances are known, or by the height of the people in the picture.
struct GroundConfig {
  std::vector<vision::UnitPoint> points;  ///< four places in the picture, no three in a line; or none
  std::vector<MetrePoint> metres;         ///< where they are on the ground, in the same order
  float person_height_m = 1.7F;           ///< the ruler where there are no points
};

struct RulesConfig {
  std::vector<LineConfig> lines;
  std::vector<ZoneConfig> zones;
  /// A track that begins where another was lost not longer ago than this goes on with what was known about that.
  std::chrono::milliseconds relink_window{1'000};
  GroundConfig ground;
  CrowdConfig crowd;
  BehaviourConfig behaviour;
  std::uint64_t events_before = 0;  ///< of this camera in this run of the program: their numbers go on from there
};

/// Turns the tracks of one camera into events (docs/rules.md has the table). The anchor is the bottom centre of the
/// box; only confirmed tracks count; an id switch shorter than the re-link window changes nothing. A crossing is exact
/// under dropped frames: the anchor's path between two frames is intersected with the line. Each event carries the
/// gates that opened it, each near miss the one that stopped it. No clock: the same frames give the same bytes. One
/// thread at a time.
class Rules {
 public:
  /// `labels` are the model's class names, by class id.
  Rules(std::string camera, const RulesConfig& config, std::vector<std::string> labels);
  ~Rules();
  Rules(Rules&&) noexcept;
  Rules& operator=(Rules&&) noexcept;

  struct Judgement {
    std::vector<Event> events;  ///< in a fixed order
    std::vector<NearMiss> near_misses;
  };

  /// After each frame: all confirmed and lost tracks and those that ended with it.
  Judgement update(const media::FrameInfo& frame, std::span<const track::Track> tracks,
                   std::span<const track::Track> ended);
  /// The stream is over, this was its last frame, and these tracks ended with it: nobody comes back.
  Judgement finish(const media::FrameInfo& last, std::span<const track::Track> ended);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ocelli::events
