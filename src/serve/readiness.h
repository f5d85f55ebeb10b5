#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace ocelli::serve {

/// Whether the server should get work, and if not, why; and what it cannot do though it works. Thread-safe.
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

  /// Something fails that stops nothing else, e.g. "store"; empty: it is well (again).
  void set_degraded(const std::string& what, const std::optional<std::string>& reason) OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    if (reason) {
      degraded_[what] = *reason;
    } else {
      degraded_.erase(what);
    }
  }
  /// All reasons; empty when all is well.
  std::optional<std::string> degraded() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    std::optional<std::string> reasons;
    for (const auto& [what, reason] : degraded_) reasons = reasons ? *reasons + "; " + reason : reason;
    return reasons;
  }

 private:
  mutable base::Mutex mutex_;
  std::optional<std::string> reason_ OC_GUARDED_BY(mutex_) = "starting";
  std::map<std::string, std::string> degraded_ OC_GUARDED_BY(mutex_);  // reasons by what fails
};

}  // namespace ocelli::serve
