#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "events/anchor.h"
#include "events/rules.h"

namespace ocelli::events {

/// Counts the crossings of one line. Follows each object's anchor as a path of straight steps between sightings, sums
/// its signed crossings of the line, and gives the sum out as soon as the anchor is further from the line than the
/// hysteresis: swaying on the line cancels out, and however few frames arrive, nothing is missed or counted twice.
/// An object counts from the first time that it was seen clearly on one side.
/// The line is half open: it owns its first point, not its last, so that lines joined end to end count once.
class LineRule {
 public:
  explicit LineRule(const LineConfig& config);

  struct Count {
    int crossings = 0;  ///< above zero: forward; below: backward
    std::vector<Gate> gates;
  };

  /// The object is seen at `anchor` now.
  Count see(std::uint64_t track_id, Anchor anchor, PictureSize picture);
  /// The object is gone for good.
  void forget(std::uint64_t track_id) { walks_.erase(track_id); }

  const LineConfig& config() const { return config_; }

 private:
  struct Walk {
    Anchor last;
    int crossings = 0;  // signed, since the anchor was last clearly on one side
    bool came_from_a_side = false;
  };

  const LineConfig config_;
  std::map<std::uint64_t, Walk> walks_;
};

}  // namespace ocelli::events
