#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/sinks.h"
#include "vision/geometry.h"

namespace ocelli::store {

/// Where a track was seen.
struct TrackPoint {
  std::uint64_t frame = 0;  ///< the stream's own count
  base::WallTime time;
  vision::PixelBox box;
  float score = 0;
};

/// One track from its first to its last sighting. A value.
struct TrackSummary {
  std::string camera;
  std::uint64_t track_id = 0;
  std::string label;  ///< as its newest event said; empty before any
  base::WallTime first_seen;
  base::WallTime last_seen;
  std::uint64_t frames = 0;  ///< in which it was seen
  float quality = 0;         ///< the best it had
  int picture_width = 0;
  int picture_height = 0;
  std::vector<TrackPoint> path;  ///< evenly thinned, the first and the last sighting among them
};

/// Follows the tracks of one camera and sums each up when it is over. A path has at most kMostPoints: when it is full,
/// every other point goes, and from then on half as many are kept. One thread at a time.
class TrackDigest {
 public:
  static constexpr std::size_t kMostPoints = 64;

  explicit TrackDigest(std::string camera) : camera_(std::move(camera)) {}

  /// The tracks that were there before and are not any more, in order of their ids.
  std::vector<TrackSummary> see(const events::FrameTracks& tracks);
  /// Names the track.
  void see(const events::Event& event);
  /// All that are left.
  std::vector<TrackSummary> finish();

 private:
  struct Trail {
    TrackSummary summary;
    std::uint64_t stride = 1;  // every so manieth sighting becomes a point
    TrackPoint newest;
    bool present = false;  // in the newest frame
  };
  static void add(Trail& trail, const TrackPoint& point);
  static TrackSummary close(Trail trail);

  const std::string camera_;
  std::map<std::uint64_t, Trail> trails_;
};

}  // namespace ocelli::store
