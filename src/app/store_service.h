#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/result.h"
#include "serve/event_history.h"
#include "store/event_reader.h"

namespace ocelli::app {

/// Answers questions about what was stored, one after the other on the workers; a bounded number may wait. Each opens
/// the file anew: that takes a millisecond, and so a file that was set aside or replaced is never asked any more.
/// Outlives whoever asks.
class StoreService final : public serve::EventHistory {
 public:
  static constexpr std::size_t kMostQuestions = 32;

  /// `workers` outlives it.
  StoreService(std::string path, base::Executor& workers);
  /// Waits for the question under way.
  ~StoreService() override;
  StoreService(const StoreService&) = delete;
  StoreService& operator=(const StoreService&) = delete;

  void find(store::EventQuery query, Done done) override;
  void explain(store::WhyQuestion question, Done done) override;

  /// Questions that wait end as `cancelled`, as do all that come later. Idempotent.
  void close() OC_EXCLUDES(mutex_);

 private:
  struct Job {
    std::function<base::Result<std::string>(store::EventReader&)> ask;
    Done done;
  };
  void submit(Job job) OC_EXCLUDES(mutex_);
  std::optional<Job> take() OC_EXCLUDES(mutex_);
  base::StepOutcome step();

  const std::string path_;
  base::Mutex mutex_;
  std::deque<Job> jobs_ OC_GUARDED_BY(mutex_);
  bool closed_ OC_GUARDED_BY(mutex_) = false;
  std::optional<base::Strand> strand_;
};

}  // namespace ocelli::app
