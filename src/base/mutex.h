#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

// Clang's thread-safety analysis (run by clang-tidy in ./check) reads these; GCC ignores them.
#if defined(__clang__)
#define OC_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define OC_THREAD_ANNOTATION(x)
#endif
#define OC_CAPABILITY(x) OC_THREAD_ANNOTATION(capability(x))
#define OC_SCOPED_CAPABILITY OC_THREAD_ANNOTATION(scoped_lockable)
#define OC_GUARDED_BY(x) OC_THREAD_ANNOTATION(guarded_by(x))
#define OC_REQUIRES(...) OC_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define OC_EXCLUDES(...) OC_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define OC_ACQUIRE(...) OC_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define OC_RELEASE(...) OC_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define OC_ASSERT_CAPABILITY(x) OC_THREAD_ANNOTATION(assert_capability(x))
#define OC_NO_THREAD_SAFETY_ANALYSIS OC_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace ocelli::base {

/// std::mutex that the thread-safety analysis can see.
class OC_CAPABILITY("mutex") Mutex {
 public:
  void lock() OC_ACQUIRE() { mutex_.lock(); }
  void unlock() OC_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex from construction to destruction.
class OC_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) OC_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() OC_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex; a stop request ends every wait.
class CondVar {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  /// Returns predicate(): false only when `stop` was requested first.
  template <class Predicate>
  bool wait(Mutex& mutex, std::stop_token stop, Predicate predicate) OC_REQUIRES(mutex) {
    return condition_.wait(mutex, std::move(stop), std::move(predicate));
  }

  /// As wait(), but gives up at `deadline`.
  template <class TimePoint, class Predicate>
  bool wait_until(Mutex& mutex, std::stop_token stop, TimePoint deadline, Predicate predicate) OC_REQUIRES(mutex) {
    return condition_.wait_until(mutex, std::move(stop), deadline, std::move(predicate));
  }

 private:
  std::condition_variable_any condition_;
};

/// A duty that one thread at a time has, such as "runs this strand". Costs nothing: it only lets the analysis check
/// that state marked OC_GUARDED_BY(role_) is touched by functions which opened with role_.assert_held().
class OC_CAPABILITY("role") Role {
 public:
  void assert_held() const OC_ASSERT_CAPABILITY(this) {}
};

}  // namespace ocelli::base
