#include "base/parallel.h"

#include <latch>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

TEST(SideBySide, DoesEachOnce) {
  Executor executor("test", 3);
  for (std::size_t count = 0; count < 20; ++count) {
    std::vector<int> calls(count);
    run_side_by_side(executor, count, [&](std::size_t index) { ++calls[index]; });
    EXPECT_EQ(calls, std::vector<int>(count, 1));
  }
}

TEST(SideBySide, UsesTheWorkers) {
  Executor executor("test", 2);
  std::latch all_at_work(3);  // opens only when the caller and both workers are at work at the same time
  run_side_by_side(executor, 3, [&](std::size_t) { all_at_work.arrive_and_wait(); });
}

TEST(SideBySide, NeedsNoWorker) {
  Executor executor("test", 1);
  std::latch done(1);
  int calls = 0;
  Strand caller(executor, [&] {  // the only worker is the one that calls
    run_side_by_side(executor, 5, [&](std::size_t) { ++calls; });
    done.count_down();
    return StepOutcome::idle;
  });
  caller.wake();
  done.wait();
  EXPECT_EQ(calls, 5);
}

TEST(SideBySide, GoesOnAfterTheExecutorEnded) {
  Executor executor("test", 2);
  executor.close();
  int calls = 0;
  run_side_by_side(executor, 5, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace ocelli::base
