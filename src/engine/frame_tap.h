#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>

#include "base/mutex.h"
#include "base/result.h"
#include "events/sinks.h"
#include "media/frame.h"

namespace ocelli::engine {

/// Lets one thread have live frames now and then, of whichever cameras come first, without any camera noticing: costs
/// a look at a flag per frame while nobody wants one, and holds one frame at most. accept() from any thread; the rest
/// from one.
class FrameTap final : public events::TrackSink {
 public:
  base::Status accept(const events::FrameTracks& tracks) override OC_EXCLUDES(mutex_);

  /// The next frame that comes. `unavailable` when none does within `patience`, `cancelled` after a stop request.
  base::Result<media::FramePtr> next(std::chrono::milliseconds patience, const std::stop_token& stop)
      OC_EXCLUDES(mutex_);
  /// The newest since the last call, if there is any: never waits. Wants one from then on.
  media::FramePtr take() OC_EXCLUDES(mutex_);
  /// No frame is wanted any more.
  void close() OC_EXCLUDES(mutex_);

 private:
  std::atomic<bool> wanted_{false};
  base::Mutex mutex_;
  base::CondVar came_;
  media::FramePtr newest_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::engine
