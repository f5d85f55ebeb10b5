#include "eval/tracking_run.h"

#include <cmath>

#include "media/media_time.h"
#include "track/track.h"

namespace ocelli::eval {
namespace {

/// The number that is read again from the three decimals that are written.
double as_written(double value) {
  constexpr double kThousandths = 1'000;
  return std::round(value * kThousandths) / kThousandths;
}

ResultBox result_of(const track::Track& track, int frame) {
  const auto& box = track.box;
  return {frame,
          static_cast<std::int64_t>(track.id),
          {as_written(box.left), as_written(box.top), as_written(box.width), as_written(box.height)},
          as_written(track.score)};
}

}  // namespace

base::Result<TrackingRun> run_tracker(const Sequence& sequence, const track::TrackerConfig& config, Protocol protocol,
                                      base::Clock& clock, const std::stop_token& stop) {
  if (!sequence.detections) {
    return base::Error(base::Code::invalid, sequence.name + " has no det/det.txt: nothing to track");
  }
  track::Tracker tracker(config);
  TrackingRun run;
  int frame = 0;
  for (const auto& detections : *sequence.detections) {
    if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    const auto time = media::from_seconds(frame++ / sequence.info.frames_per_second);
    const auto begin = clock.now();
    const auto update = tracker.update(time, detections);
    run.in_tracker += clock.now() - begin;
    for (const auto& track : update.tracks) {
      if (track.state != track::TrackState::confirmed) continue;
      const auto result = result_of(track, frame);
      if (!left_out(protocol, result.box)) run.results.push_back(result);
    }
  }
  return run;
}

}  // namespace ocelli::eval
