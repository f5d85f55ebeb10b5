#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace ocelli::base {

class Strand;

/// The worker pool: a fixed number of named threads that run whichever strands have work. Bounded by construction,
/// since a strand waits in the ready list at most once. Outlives its strands.
class Executor {
 public:
  /// Threads are named "<name>-0", "<name>-1", …; Linux shows 15 characters.
  Executor(const std::string& name, std::size_t worker_count);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  std::size_t worker_count() const { return workers_.size(); }

  /// Stops after the steps now running; idempotent. Strands that still had work do not run again.
  void close();

 private:
  friend class Strand;
  void enqueue(Strand* strand) OC_EXCLUDES(mutex_);
  void work(std::stop_token stop);

  void announce();
  /// False when it needs no telling: it will run anyway, or never again.
  bool make_ready(Strand* strand) OC_REQUIRES(mutex_);
  void append(Strand* strand) OC_REQUIRES(mutex_);
  Strand* take_first() OC_REQUIRES(mutex_);
  void remove(Strand* strand) OC_REQUIRES(mutex_);
  /// False when the executor stops.
  bool wait_for_ready(const std::stop_token& stop) OC_REQUIRES(mutex_);
  void set_due(Strand* strand, std::chrono::steady_clock::time_point due) OC_EXCLUDES(mutex_);
  void forget_due(Strand* strand) OC_REQUIRES(mutex_);
  void wake_due() OC_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar ready_;
  CondVar idle_;                                         // a strand that waits for its last step
  Strand* first_ready_ OC_GUARDED_BY(mutex_) = nullptr;  // a list through Strand::next_: nothing is allocated per step
  Strand* last_ready_ OC_GUARDED_BY(mutex_) = nullptr;
  std::vector<Strand*> timed_ OC_GUARDED_BY(mutex_);  // those that wake_after() was asked for; few, so in no order
  std::uint64_t times_set_ OC_GUARDED_BY(mutex_) = 0;
  std::vector<std::jthread> workers_;
};

/// What one step of a strand says about the next.
enum class StepOutcome {
  again,  ///< There may be more to do: run me again, after the others had their turn.
  idle,   ///< Nothing to do until somebody calls wake().
};

/// Work that must not run twice at once: the executor calls `step` from any worker, one call at a time, whenever the
/// strand was woken. A step should be short (one packet, one frame), since others wait for their turn.
class Strand {
 public:
  Strand(Executor& executor, std::function<StepOutcome()> step);
  /// Waits for a step in progress; after that `step` is never called again. Not to be called from the step itself.
  ~Strand();
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  /// There may be work. Thread-safe, cheap, never lost: a wake during a step leads to another step.
  void wake();
  /// As wake(), but not before this much of the machine's time has passed. Replaces what was asked for before.
  void wake_after(std::chrono::nanoseconds delay);

 private:
  friend class Executor;
  enum class State { idle, ready, running, running_woken, closed };

  Executor& executor_;
  const std::function<StepOutcome()> step_;
  Strand* next_ = nullptr;                                    // the one ready after this; guarded as state_
  std::optional<std::chrono::steady_clock::time_point> due_;  // guarded likewise; then it is in timed_
  State state_ = State::idle;  // guarded by executor_.mutex_, which the analysis cannot name from here
};

}  // namespace ocelli::base
