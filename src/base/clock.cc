#include "base/clock.h"

namespace ocelli::base {

SteadyTime SystemClock::now() const {
  return std::chrono::steady_clock::now();
}

WallTime SystemClock::wall_now() const {
  return std::chrono::system_clock::now();
}

bool SystemClock::wait_until(SteadyTime deadline, std::stop_token stop) {
  Mutex mutex;
  CondVar nobody_signals;
  const MutexLock lock(mutex);
  nobody_signals.wait_until(mutex, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

SimulatedClock::SimulatedClock(WallTime start) : start_(start) {}

SteadyTime SimulatedClock::now() const {
  const MutexLock lock(mutex_);
  return SteadyTime{elapsed_};
}

WallTime SimulatedClock::wall_now() const {
  const MutexLock lock(mutex_);
  return start_ + std::chrono::duration_cast<WallTime::duration>(elapsed_);
}

bool SimulatedClock::wait_until(SteadyTime deadline, std::stop_token stop) {
  const MutexLock lock(mutex_);
  return advanced_.wait(mutex_, stop, [&]() OC_REQUIRES(mutex_) { return SteadyTime{elapsed_} >= deadline; });
}

void SimulatedClock::advance(std::chrono::nanoseconds by) {
  {
    const MutexLock lock(mutex_);
    elapsed_ += by;
  }
  advanced_.notify_all();
}

}  // namespace ocelli::base
