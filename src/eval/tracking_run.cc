#include "eval/tracking_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <optional>

#include "base/check.h"
#include "media/media_time.h"
#include "track/gaps.h"
#include "track/ground_plane.h"
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

/// What the camera sees of the ground; its file has millimetres.
std::optional<track::GroundPlane> ground_of(const CameraView& view) {
  constexpr double kMillimetres = 1'000;
  constexpr std::size_t kSide = 3;
  // In the plane z = 0, the rotation's third column has no part.
  std::array<double, 9> ground_to_camera = view.rotation;
  for (std::size_t row = 0; row < kSide; ++row) {
    ground_to_camera[row * kSide + 2] = view.translation_mm[row] / kMillimetres;
  }
  std::array<double, 9> ground_to_picture{};
  for (std::size_t i = 0; i < ground_to_picture.size(); ++i) {
    for (std::size_t k = 0; k < kSide; ++k) {
      ground_to_picture[i] += view.intrinsics_px[i / kSide * kSide + k] * ground_to_camera[k * kSide + i % kSide];
    }
  }
  return track::GroundPlane::create(ground_to_picture);
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
  const bool has_ground = given == Given::camera && sequence.camera;
  track::Tracker tracker(config, has_ground ? ground_of(*sequence.camera) : std::nullopt);
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
  const auto any = [&](auto has) { return std::any_of(sequences.begin(), sequences.end(), has); };
  if (any([](const Sequence& sequence) { return !sequence.motion.empty(); })) kinds.push_back(Given::motion);
  if (any([](const Sequence& sequence) { return sequence.camera.has_value(); })) kinds.push_back(Given::camera);
  return kinds;
}

}  // namespace ocelli::eval
