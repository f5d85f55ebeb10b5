#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "base/mutex.h"

namespace ocelli::app {

/// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once, for work that does not listen.
/// SIGHUP, too, unless it was ignored (nohup) or somebody listens. To be made first in main(), before any other thread,
/// since all threads inherit the blocked signals.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

  /// From now on SIGHUP only calls this, on the thread `signals`; null: it ends the program again. Thread-safe.
  void on_hangup(std::function<void()> listener) OC_EXCLUDES(mutex_);

 private:
  void watch();
  bool tell_hangup() OC_EXCLUDES(mutex_);

  base::Mutex mutex_;
  std::function<void()> hangup_ OC_GUARDED_BY(mutex_);
  std::stop_source stop_;
  std::atomic<bool> ending_ = false;
  std::jthread watcher_;
};

}  // namespace ocelli::app
