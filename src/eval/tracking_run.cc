#include "eval/tracking_run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

#include "base/check.h"
#include "media/media_time.h"
#include "track/gaps.h"
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

std::chrono::nanoseconds TrackingRun::time_in_tracker() const {
  return std::accumulate(in_tracker.begin(), in_tracker.end(), std::chrono::nanoseconds(0));
}

void TrackingRun::take_fastest(const TrackingRun& again) {
  OC_CHECK(again.in_tracker.size() == in_tracker.size());
  for (std::size_t i = 0; i < in_tracker.size(); ++i) in_tracker[i] = std::min(in_tracker[i], again.in_tracker[i]);
}

base::Result<TrackingRun> run_tracker(const Sequence& sequence, const track::TrackerConfig& config, Given given,
                                      Protocol protocol, base::Clock& clock, const std::stop_token& stop,
                                      std::chrono::milliseconds longest_gap) {
  if (!sequence.detections) {
    return base::Error(base::Code::invalid, sequence.name + " has no det/det.txt: nothing to track");
  }
  track::Tracker tracker(config);
  TrackingRun run;
  std::vector<track::TrackedFrame> frames;
  const bool has_motion = given != Given::boxes && !sequence.motion.empty();
  for (std::size_t index = 0; index < sequence.detections->size(); ++index) {
    if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    const auto time = media::from_seconds(static_cast<double>(index) / sequence.info.frames_per_second);
    const auto camera = has_motion ? sequence.motion[index] : track::CameraMotion{};
    const auto begin = clock.now();
    const auto update = tracker.update(time, sequence.detections->at(index), camera);
    run.in_tracker.push_back(clock.now() - begin);
    auto& frame = frames.emplace_back(track::TrackedFrame{time, {}});
    std::copy_if(update.tracks.begin(), update.tracks.end(), std::back_inserter(frame.tracks),
                 [](const track::Track& track) { return track.state == track::TrackState::confirmed; });
  }
  if (longest_gap.count() > 0) track::fill_gaps(frames, longest_gap);
  for (std::size_t index = 0; index < frames.size(); ++index) {
    for (const auto& track : frames[index].tracks) {
      const auto result = result_of(track, static_cast<int>(index) + 1);
      if (!left_out(protocol, result.box)) run.results.push_back(result);
    }
  }
  return run;
}

std::vector<Given> what_can_be_given(std::span<const Sequence> sequences) {
  std::vector<Given> kinds{Given::boxes};
  const bool has_motion = std::any_of(sequences.begin(), sequences.end(),
                                      [](const Sequence& sequence) { return !sequence.motion.empty(); });
  if (has_motion) kinds.push_back(Given::motion);
  return kinds;
}

}  // namespace ocelli::eval
