#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

namespace ocelli::base {

void run_side_by_side(Executor& executor, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take_all = [&] {
    for (std::size_t index = next++; index < count; index = next++) work(index);
    return StepOutcome::idle;
  };
  std::vector<std::unique_ptr<Strand>> helpers;
  for (std::size_t i = 1; i < std::min(count, executor.worker_count() + 1); ++i) {
    helpers.push_back(std::make_unique<Strand>(executor, take_all));
    helpers.back()->wake();
  }
  take_all();
}  // the helpers' end waits for those that are at work, and takes back those that never began

}  // namespace ocelli::base
