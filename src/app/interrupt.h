#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace ocelli::app {

/// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once, for work that does not listen.
/// To be made first in main(), before any other thread, since all threads inherit the blocked signals.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch();

  std::stop_source stop_;
  std::atomic<bool> ending_ = false;
  std::jthread watcher_;
};

}  // namespace ocelli::app
