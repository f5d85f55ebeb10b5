#pragma once

#include <chrono>
#include <vector>

#include "media/media_time.h"
#include "track/track.h"

namespace ocelli::track {

/// What was seen in one frame.
struct TrackedFrame {
  media::MediaTime time;
  std::vector<Track> tracks;  ///< at most one of an id; those that were seen
};

/// For recordings, once all is known: puts a track into the frames between two of its sightings that are no further
/// than `longest` apart, its box on the straight line between theirs by time. Frames ascend in time. Tracks of a frame
/// ascend by id afterwards. What is put in is `lost`, with the time of the sighting before and a score between.
void fill_gaps(std::vector<TrackedFrame>& frames, std::chrono::milliseconds longest);

}  // namespace ocelli::track
