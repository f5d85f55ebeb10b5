#include "engine/frame_tap.h"

#include <utility>

namespace ocelli::engine {

base::Status FrameTap::accept(const events::FrameTracks& tracks) {
  if (!wanted_.load(std::memory_order_relaxed)) return {};
  media::FramePtr older = tracks.frame;  // freed after the lock
  const base::MutexLock lock(mutex_);
  if (!wanted_.exchange(false)) return {};
  std::swap(newest_, older);
  came_.notify_one();
  return {};
}

base::Result<media::FramePtr> FrameTap::next(std::chrono::milliseconds patience, const std::stop_token& stop) {
  const base::MutexLock lock(mutex_);
  newest_.reset();
  wanted_ = true;
  // The camera's own time is not asked: whoever waits here wants live pictures.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const bool came =
      came_.wait_until(mutex_, stop, deadline, [this]() OC_REQUIRES(mutex_) { return newest_ != nullptr; });
  wanted_ = false;
  if (came) return std::exchange(newest_, nullptr);
  if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
  return base::Error(base::Code::unavailable, "no camera gave a picture");
}

media::FramePtr FrameTap::take() {
  const base::MutexLock lock(mutex_);
  wanted_ = true;
  return std::exchange(newest_, nullptr);
}

void FrameTap::close() {
  media::FramePtr freed;
  const base::MutexLock lock(mutex_);
  wanted_ = false;
  std::swap(freed, newest_);
}

}  // namespace ocelli::engine
