#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "events/event.h"
#include "media/frame.h"
#include "track/track.h"
#include "vision/geometry.h"

namespace ocelli::events {

/// A directed line. Crossing from its left side to its right side, seen on the screen when walking from `from` to `to`,
/// is "forward", the other way "backward".
struct LineConfig {
  std::string name;
  vision::UnitPoint from;
  vision::UnitPoint to;
  std::vector<std::string> labels;  ///< classes that count; empty: all
  float hysteresis = 0.01F;         ///< share of the picture height that the anchor must go beyond the line
};

/// A polygon with at least three corners that does not cross itself.
struct ZoneConfig {
  std::string name;
  std::vector<vision::UnitPoint> corners;
  std::vector<std::string> labels;          ///< classes that count; empty: all
  std::chrono::milliseconds min_stay{500};  ///< inside (outside) for this long before it counts as entered (left)
};

struct RulesConfig {
  std::vector<LineConfig> lines;
  std::vector<ZoneConfig> zones;
};

/// Turns the tracks of one camera into events: track began/ended, line crossed, zone entered/left. The anchor is the
/// bottom centre of the box; only confirmed tracks count. A crossing is exact under dropped frames: the anchor's path
/// between two frames is intersected with the line. Each event carries the gates that opened it.
/// One thread at a time.
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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ocelli::events
