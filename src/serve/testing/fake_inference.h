#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "serve/picture_inference.h"

namespace ocelli::serve::testing {

/// Takes every job and keeps it until the test answers. Thread-safe.
class FakeInference final : public PictureInference {
 public:
  void submit(PictureJob job, Done done) override {
    const base::MutexLock lock(mutex_);
    jobs_.emplace_back(std::move(job), std::move(done));
    arrived_.notify_all();
  }

  /// False when so many have not come within ten seconds.
  bool wait_for(std::size_t count) {
    const base::MutexLock lock(mutex_);
    return arrived_.wait_until(mutex_, std::stop_token(), std::chrono::steady_clock::now() + std::chrono::seconds(10),
                               [&]() OC_REQUIRES(mutex_) { return jobs_.size() >= count; });
  }
  PictureJob job(std::size_t index) {
    const base::MutexLock lock(mutex_);
    return jobs_.at(index).first;
  }
  void answer(std::size_t index, const base::Result<std::string>& outcome) {
    Done done;
    {
      const base::MutexLock lock(mutex_);
      done = jobs_.at(index).second;
    }
    done(outcome);
  }
  std::size_t count() {
    const base::MutexLock lock(mutex_);
    return jobs_.size();
  }

 private:
  base::Mutex mutex_;
  base::CondVar arrived_;
  std::vector<std::pair<PictureJob, Done>> jobs_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::serve::testing
