#pragma once

#include <cstdint>
#include <string_view>

#include "media/media_time.h"
#include "vision/geometry.h"

namespace ocelli::track {

enum class TrackState {
  tentative,  ///< seen too briefly to be believed; not reported
  confirmed,  ///< seen now
  lost,       ///< confirmed before, not seen now, position predicted
};
std::string_view track_state_name(TrackState state);

/// One object followed over time, as of one frame. A value; ids count from 1 within a stream and are never used again.
struct Track {
  std::uint64_t id = 0;
  TrackState state = TrackState::tentative;
  int class_id = 0;                  ///< class of most of its detections, by summed score
  float score = 0;                   ///< of the newest detection
  vision::PixelBox box;              ///< filtered position, source pixels
  vision::PixelPoint velocity_px_s;  ///< of the box centre, pixels per second
  media::MediaTime first_seen;
  vision::PixelBox first_box;  ///< as it was detected then, source pixels: before the track was believed
  media::MediaTime last_seen;  ///< newest detection
  /// How far to trust it, 0…1: the mean score over about the last second, 0 where it was not seen. Begins at 0.
  float quality = 0;
};

}  // namespace ocelli::track
