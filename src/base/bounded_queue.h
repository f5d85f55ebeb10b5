#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace ocelli::base {

/// What a full queue does with one more element. There is no "grow".
enum class OverflowPolicy {
  block,        ///< The producer waits: nothing is lost, the producer must be able to wait (files).
  drop_oldest,  ///< The oldest element is dropped and counted: recent past matters.
  keep_latest,  ///< Everything waiting is dropped and counted: only the newest matters (live pictures).
};

/// Hands elements from producer threads to consumer threads, with a bound and a stated policy. The only way in which
/// strands and threads meet. All functions are thread-safe. close() ends it: producers are refused, consumers still
/// get what is left. Allocates once, at construction.
template <class T>
class BoundedQueue {
 public:
  BoundedQueue(std::size_t capacity, OverflowPolicy policy) : ring_(capacity), policy_(policy) {
    OC_CHECK(capacity > 0);
  }

  /// False when the queue is closed or `stop` was requested while it waited for room; the element is then lost.
  bool push(T element, std::stop_token stop = {}) OC_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      if (policy_ == OverflowPolicy::block) {
        const auto may_go = [this]() OC_REQUIRES(mutex_) { return closed_ || count_ < ring_.size(); };
        if (!room_.wait(mutex_, std::move(stop), may_go)) return false;
      }
      if (closed_) return false;
      make_room();
      ring_[(first_ + count_++) % ring_.size()].emplace(std::move(element));
    }
    filled_.notify_one();
    return true;
  }

  /// Waits for an element. Empty when the queue is closed and drained, or `stop` was requested.
  std::optional<T> pop(std::stop_token stop = {}) OC_EXCLUDES(mutex_) {
    std::optional<T> element;
    {
      const MutexLock lock(mutex_);
      filled_.wait(mutex_, std::move(stop), [this]() OC_REQUIRES(mutex_) { return closed_ || count_ > 0; });
      element = take();
    }
    room_.notify_one();
    return element;
  }

  /// An element if one is there now.
  std::optional<T> try_pop() OC_EXCLUDES(mutex_) {
    std::optional<T> element;
    {
      const MutexLock lock(mutex_);
      element = take();
    }
    room_.notify_one();
    return element;
  }

  /// Idempotent.
  void close() OC_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

  bool closed_and_empty() const OC_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return closed_ && count_ == 0;
  }

  std::size_t depth() const OC_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return count_;
  }

  /// Elements that the policy threw away since construction.
  std::uint64_t dropped() const OC_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return dropped_;
  }

 private:
  void make_room() OC_REQUIRES(mutex_) {
    if (count_ < ring_.size()) return;
    const std::size_t victims = policy_ == OverflowPolicy::keep_latest ? count_ : 1;
    for (std::size_t i = 0; i < victims; ++i) take();
    dropped_ += victims;
  }

  std::optional<T> take() OC_REQUIRES(mutex_) {
    if (count_ == 0) return std::nullopt;
    std::optional<T>& slot = ring_[first_];
    std::optional<T> element = std::move(slot);
    slot.reset();
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return element;
  }

  mutable Mutex mutex_;
  CondVar room_;
  CondVar filled_;
  std::vector<std::optional<T>> ring_ OC_GUARDED_BY(mutex_);  // elements from first_ on, count_ of them
  std::size_t first_ OC_GUARDED_BY(mutex_) = 0;
  std::size_t count_ OC_GUARDED_BY(mutex_) = 0;
  const OverflowPolicy policy_;
  std::uint64_t dropped_ OC_GUARDED_BY(mutex_) = 0;
  bool closed_ OC_GUARDED_BY(mutex_) = false;
};

}  // namespace ocelli::base
