#pragma once

#include <optional>
#include <string>

#include "base/mutex.h"

namespace ocelli::serve {

/// Whether the server should get work, and if not, why. Thread-safe.
class Readiness {
 public:
  void set_ready() OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    reason_.reset();
  }
  void set_not_ready(std::string reason) OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    reason_ = std::move(reason);
  }
  /// Empty when ready.
  std::optional<std::string> reason() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return reason_;
  }

 private:
  mutable base::Mutex mutex_;
  std::optional<std::string> reason_ OC_GUARDED_BY(mutex_) = "starting";
};

}  // namespace ocelli::serve
