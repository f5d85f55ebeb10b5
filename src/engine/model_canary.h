#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "engine/frame_tap.h"
#include "infer/agreement.h"
#include "infer/detector.h"

namespace ocelli::engine {

/// What a candidate must show before it may serve.
struct CanaryConfig {
  int warm_up_runs = 200;        ///< on live frames, so that nothing is cold or unproven when it begins
  int shadow_frames = 100;       ///< live frames that both versions look at
  double least_agreement = 0.8;  ///< F1 of the candidate's boxes against those of the version that serves
  double most_slowdown = 2;      ///< its time for a frame, as a multiple of the other's
  std::chrono::milliseconds frame_patience{30'000};  ///< for the next live frame
};

/// How the two versions compare, on the same frames, in turns on the same thread.
struct ShadowReport {
  infer::Agreement agreement;
  /// A frame each: preprocessing, run and head.
  std::vector<std::chrono::nanoseconds> serving_times;
  std::vector<std::chrono::nanoseconds> candidate_times;

  /// Ratio of the medians: the thread has a low priority, so that some frames take long for no fault of theirs.
  double slowdown() const;
};

/// Runs the candidate on live frames; where none is new, on the one before again. `progress` counts runs. Returns the
/// last frame. Ends with the detector's error, and as FrameTap::next().
base::Result<media::FramePtr> warm_up(infer::Detector& candidate, FrameTap& tap, const CanaryConfig& config,
                                      std::atomic<int>& progress, const std::stop_token& stop);

/// Runs both on live frames. `progress` counts frames. Ends as warm_up().
base::Result<ShadowReport> shadow(infer::Detector& serving, infer::Detector& candidate, FrameTap& tap,
                                  const CanaryConfig& config, std::atomic<int>& progress, const std::stop_token& stop);

/// Whether the candidate may serve; else `invalid`, with the figure that speaks against it.
base::Status judge(const ShadowReport& report, const CanaryConfig& config);

}  // namespace ocelli::engine
