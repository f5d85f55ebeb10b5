#pragma once

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <utility>

#include "base/clock.h"

extern "C" {
#include <libavformat/avio.h>
}

namespace ocelli::media::internal {

/// Ends blocking calls, FFmpeg's and our own, at a deadline or a stop request. FFmpeg keeps its address: it does not
/// move, and outlives what was opened with it.
class Interrupt {
 public:
  Interrupt(base::Clock& clock, std::stop_token stop) : clock_(clock), stop_(std::move(stop)) {}
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void arm(std::chrono::milliseconds timeout) { arm(timeout, clock_.now()); }
  void arm(std::chrono::milliseconds timeout, base::SteadyTime now) {
    timeout_ = timeout;
    deadline_ = now + timeout;
  }
  std::chrono::milliseconds timeout() const { return timeout_; }  ///< the last that was armed
  base::SteadyTime deadline() const { return deadline_; }
  void set_deadline(base::SteadyTime deadline) { deadline_ = deadline; }

  bool stopped() const { return stop_.stop_requested(); }
  bool expired() const { return clock_.now() >= deadline_; }
  const std::stop_token& stop() const { return stop_; }
  /// Not negative.
  std::chrono::milliseconds remaining() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.now()),
                    std::chrono::milliseconds(0));
  }

  /// Since it was armed, unless the deadline was moved.
  std::chrono::milliseconds elapsed() const { return timeout_ - remaining(); }

  /// Waits for `step`, at most. False when it is time to end.
  bool wait(std::chrono::milliseconds step) const {
    return clock_.wait_until(std::min<base::SteadyTime>(clock_.now() + step, deadline_), stop_) && !expired();
  }

  AVIOInterruptCB callback() { return {&Interrupt::should_end, this}; }

 private:
  static int should_end(void* self) {
    const auto* interrupt = static_cast<const Interrupt*>(self);
    return interrupt->stopped() || interrupt->expired() ? 1 : 0;
  }

  base::Clock& clock_;
  const std::stop_token stop_;
  std::chrono::milliseconds timeout_{};
  base::SteadyTime deadline_;
};

}  // namespace ocelli::media::internal
