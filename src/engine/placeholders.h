#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "events/sinks.h"
#include "media/frame.h"

namespace ocelli::engine {

/// Shows where pictures were lost, to sinks that want it: the newest analysed picture again, with its tracks, at the
/// time of each that is missing, in order of time with the real ones. The detector, the tracker and the rules see none
/// of it, and no counter of frames does. Keeps one picture of the camera's pool, and only where somebody wants
/// placeholders. One thread at a time.
class Placeholders {
 public:
  /// `sinks` are those that want them; they and `pool` outlive it.
  Placeholders(std::string camera, std::vector<events::TrackSink*> sinks, media::FramePool& pool)
      : camera_(std::move(camera)), sinks_(std::move(sinks)), pool_(pool) {}

  void note_lost(media::MediaTime time);
  /// What was lost before `time`. Nothing while there is no picture to show again, or no room in the pool.
  base::Status show_before(media::MediaTime time);
  /// This picture went to the sinks.
  void keep(const media::FramePtr& frame, std::vector<track::Track> tracks);

 private:
  const std::string camera_;
  const std::vector<events::TrackSink*> sinks_;  ///< empty: nothing is done
  media::FramePool& pool_;
  std::vector<media::MediaTime> lost_;  ///< ascending, not yet shown
  media::FramePtr last_;
  std::vector<track::Track> last_tracks_;
};

}  // namespace ocelli::engine
