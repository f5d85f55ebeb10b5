#pragma once

#include <chrono>
#include <stop_token>

#include "base/mutex.h"

namespace ocelli::base {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// The only source of time. Components take a Clock&, so that tests and replay decide how fast it runs. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Monotonic; for durations and deadlines.
  virtual SteadyTime now() const = 0;
  /// UTC; for what people and other machines read.
  virtual WallTime wall_now() const = 0;
  /// Blocks until `deadline`. False when `stop` was requested before.
  virtual bool wait_until(SteadyTime deadline, std::stop_token stop) = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  SteadyTime now() const override;
  WallTime wall_now() const override;
  bool wait_until(SteadyTime deadline, std::stop_token stop) override;
};

/// Stands still until somebody moves it; steady and wall time move together. For tests, simulation and replay.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(WallTime start = WallTime{std::chrono::seconds{1'700'000'000}});

  SteadyTime now() const override;
  WallTime wall_now() const override;
  bool wait_until(SteadyTime deadline, std::stop_token stop) override;

  /// Moves time forward and wakes those whose deadline has come.
  void advance(std::chrono::nanoseconds by);

 private:
  mutable Mutex mutex_;
  CondVar advanced_;
  std::chrono::nanoseconds elapsed_ OC_GUARDED_BY(mutex_){0};
  const WallTime start_;
};

}  // namespace ocelli::base
