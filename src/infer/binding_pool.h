#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "vision/preprocess.h"

namespace ocelli::infer {

class Binding;
class BindingPool;

/// A binding on loan: whoever holds it has its memory for himself, and gives it back by letting go. Move-only. The
/// pool, and so the session, outlives it.
class BindingLease {
 public:
  Binding& operator*() const;
  Binding* operator->() const;
  /// Which padding the first input has by now: pass it to the Preprocessor that fills that.
  vision::PaddingMark& padding() const;

 private:
  friend class BindingPool;
  struct Slot;
  struct GiveBack {
    BindingPool* pool;
    void operator()(Slot* slot) const;
  };
  explicit BindingLease(std::unique_ptr<Slot, GiveBack> slot) : slot_(std::move(slot)) {}

  std::unique_ptr<Slot, GiveBack> slot_;
};

/// What a pool did so far.
struct PoolCounts {
  std::uint64_t hits = 0;    ///< loans of a binding that was there
  std::uint64_t misses = 0;  ///< loans for which one had to be made
  std::size_t bindings = 0;  ///< there are, on loan or not

  /// Share of hits, 0…1; 1 before the first loan.
  double hit_rate() const;
};

/// The bindings of one session: as many as were ever on loan at the same moment. Streams that share a session so hold
/// memory for the runs that go on side by side, of which there are as many as workers, and not for each stream. The
/// binding that came back last is lent first: its memory is in the cache. Allocates only for a miss. Thread-safe.
class BindingPool {
 public:
  BindingPool();
  ~BindingPool();
  BindingPool(const BindingPool&) = delete;
  BindingPool& operator=(const BindingPool&) = delete;

  /// One that nobody has; `make` is called when there is none, and its error returned.
  base::Result<BindingLease> take(const std::function<base::Result<std::unique_ptr<Binding>>()>& make)
      OC_EXCLUDES(mutex_);
  PoolCounts counts() const OC_EXCLUDES(mutex_);
  /// Counts into `ocelli_tensor_pool_hits_total`, `…_misses_total` and `…_bindings` of this model, what was before too.
  /// Once, before other threads take; `metrics` outlives the pool.
  void publish(base::Metrics& metrics, const std::string& model) OC_EXCLUDES(mutex_);

 private:
  friend struct BindingLease::GiveBack;
  using Slot = BindingLease::Slot;
  Slot* take_idle() OC_EXCLUDES(mutex_);
  void give_back(Slot* slot) OC_EXCLUDES(mutex_);

  mutable base::Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_ OC_GUARDED_BY(mutex_);
  std::vector<Slot*> idle_ OC_GUARDED_BY(mutex_);  // the last is lent first
  std::uint64_t hits_ OC_GUARDED_BY(mutex_) = 0;
  base::Counter hit_counter_;
  base::Counter miss_counter_;
  base::Gauge binding_gauge_;
};

}  // namespace ocelli::infer
