#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "events/anchor.h"
#include "events/crossing.h"
#include "events/rules.h"
#include "media/media_time.h"

namespace ocelli::events {

/// Counts the crossings of one line, straight or with bends. Follows each object's anchor as a path of straight steps
/// between sightings, sums its signed crossings of the line, and gives the sum out as soon as the anchor is further
/// from the line than the hysteresis: swaying on the line cancels out, and however few frames arrive, nothing is missed
/// or counted twice. An object counts from the first time that it was seen clearly off the line. Lines joined end to
/// end count a walk through their joint once (crossing.h).
class LineRule {
 public:
  explicit LineRule(const LineConfig& config);

  struct Count {
    int crossings = 0;        ///< above zero: forward; below: backward
    int nearly = 0;           ///< ±1: it was over the line, forward or backward, and came back; the gates tell how far
    media::MediaTime at;      ///< of the newest crossing that counts, interpolated between two sightings
    std::vector<Gate> gates;  ///< of either
  };

  /// The object is seen at `anchor` now.
  Count see(std::uint64_t object, Anchor anchor, PictureSize picture, media::MediaTime time = {});
  /// The object is gone for good. Never counts; may tell that it nearly did.
  Count forget(std::uint64_t object);

  const LineConfig& config() const { return config_; }

 private:
  struct Walk {
    GridPoint last;
    media::MediaTime last_seen;
    bool came_from_a_side = false;
    // Since the anchor was last clearly off the line:
    int crossings = 0;              // signed
    media::MediaTime forward_at{};  // the newest crossing of each direction
    media::MediaTime backward_at{};
    int nearly = 0;        // sign of the crossings when it was last seen beyond the line
    double beyond_px = 0;  // farthest sighting beyond it
    double hysteresis_px = 0;

    media::MediaTime newest(int direction) const { return direction > 0 ? forward_at : backward_at; }
  };

  void step(Walk& walk, GridPoint here, media::MediaTime time) const;
  double distance_px(Anchor anchor, PictureSize picture) const;
  static Count nearly_counted(const Walk& walk);

  const LineConfig config_;
  const std::vector<Anchor> points_;
  const std::vector<GridPoint> grid_;
  std::map<std::uint64_t, Walk> walks_;
};

}  // namespace ocelli::events
