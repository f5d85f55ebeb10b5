#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "infer/detector.h"
#include "infer/loaded_model.h"
#include "media/frame.h"

namespace ocelli::infer {

/// How a version has done since it began to serve, over all detectors.
struct ServedRuns {
  std::uint64_t frames = 0;
  std::uint64_t failures = 0;
  std::string last_failure;
  std::chrono::nanoseconds run_time{};  ///< sum over the frames that did not fail

  std::chrono::nanoseconds mean_run_time() const {
    return frames > 0 ? run_time / static_cast<std::int64_t>(frames) : std::chrono::nanoseconds{};
  }
};

/// The model that all cameras share, replaceable while they run. Each frame runs on one version from its beginning to
/// its end; the version before is freed when its last frame is done. Thread-safe; outlives its detectors. Nobody's
/// frames wait for a change: all that takes long is done before, on the thread that asks for it.
class ServedModel {
 public:
  explicit ServedModel(LoadedModelPtr first);
  ~ServedModel();

  /// A detector that runs each frame on the version that serves when the frame begins. While a version is on trial and
  /// fails on a frame, the version before takes over that frame. Waits for a change under way.
  base::Result<std::unique_ptr<Detector>> make_detector() OC_EXCLUDES(changing_, mutex_);

  LoadedModelPtr serving() const OC_EXCLUDES(mutex_);
  /// Of the version that serves. Frames that were under way when it was replaced do not count.
  ServedRuns runs() const OC_EXCLUDES(mutex_);

  /// Whether `version` could take over: `invalid` when its classes are not those that cameras, rules and tracks know.
  base::Status check(const LoadedModel& version) const;
  /// From the next frame on, `version` serves, on trial: the one that it replaces is kept. Makes a detector for each
  /// camera first, and runs it on `picture`, so that no frame of theirs meets cold memory. On an error nothing has
  /// changed. Returns how long the change itself took.
  base::Result<std::chrono::nanoseconds> replace(LoadedModelPtr version, const media::FramePtr& picture)
      OC_EXCLUDES(changing_, mutex_);
  /// The trial is over: the version before is let go.
  void settle() OC_EXCLUDES(changing_, mutex_);
  /// Back to the version before, which takes no preparation; `not_found` when none is kept.
  base::Status roll_back() OC_EXCLUDES(changing_, mutex_);

 private:
  class FollowingDetector;
  class Tally;
  struct Version {
    LoadedModelPtr model;
    std::shared_ptr<Tally> tally;  // co-owned by frames under way
  };

  mutable base::Mutex changing_;  ///< held through a whole change, which may take long; never by frames
  mutable base::Mutex mutex_;     ///< for moments
  Version serving_ OC_GUARDED_BY(mutex_);
  Version before_ OC_GUARDED_BY(mutex_);  ///< empty when nothing is on trial
  std::vector<FollowingDetector*> detectors_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::infer
