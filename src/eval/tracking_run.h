#pragma once

#include <chrono>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eval/given.h"
#include "eval/mot_data.h"
#include "eval/protocol.h"
#include "track/tracker.h"

namespace ocelli::eval {

/// What a tracker made of a sequence.
struct TrackingRun {
  std::vector<ResultBox> results;                    ///< by frame; rounded to the decimals with which they are written
  std::vector<std::chrono::nanoseconds> in_tracker;  ///< of each frame, inside Tracker::update() only

  std::chrono::nanoseconds time_in_tracker() const;
  /// Another run over the same frames: of each frame, the fastest time counts, so that what else the machine did in
  /// the meantime counts as little as can be.
  void take_fastest(const TrackingRun& again);
};

/// Shows a tracker the sequence's detections, frame by frame at the sequence's own rate, and keeps what it reports as
/// seen, without what the protocol leaves out. Online: a frame's boxes are final before the next frame is shown. The
/// camera's motion is shown, too, where it is `given` and known, and how it sees the ground, likewise. Only where
/// `longest_gap` is not 0 are boxes put in afterwards (track::fill_gaps()). `invalid` without detections, `cancelled`
/// when `stop` was requested.
base::Result<TrackingRun> run_tracker(const Sequence& sequence, const track::TrackerConfig& config, Given given,
                                      Protocol protocol, base::Clock& clock, const std::stop_token& stop,
                                      std::chrono::milliseconds longest_gap = {});

/// What can be given to the tracker: boxes; with motion and with the camera where any sequence has them. Ascending.
std::vector<Given> what_can_be_given(std::span<const Sequence> sequences);

}  // namespace ocelli::eval
