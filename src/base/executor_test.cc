#include "base/executor.h"

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

TEST(Strand, RunsOneStepForAWake) {
  Executor executor("test", 1);
  std::latch ran(1);
  Strand strand(executor, [&] {
    ran.count_down();
    return StepOutcome::idle;
  });
  strand.wake();
  ran.wait();
}

TEST(Strand, RunsAgainWhileTheStepAsksForIt) {
  Executor executor("test", 1);
  std::latch done(1);
  int steps = 0;
  Strand strand(executor, [&] {
    if (++steps < 5) return StepOutcome::again;
    done.count_down();
    return StepOutcome::idle;
  });
  strand.wake();
  done.wait();
  EXPECT_EQ(steps, 5);
}

TEST(Strand, AWakeDuringAStepLeadsToAnotherStep) {
  Executor executor("test", 2);
  std::latch in_first_step(1);
  std::latch woken_again(1);
  std::latch second_step(1);
  int steps = 0;
  Strand strand(executor, [&] {
    if (++steps == 1) {
      in_first_step.count_down();
      woken_again.wait();
    } else {
      second_step.count_down();
    }
    return StepOutcome::idle;
  });
  strand.wake();
  in_first_step.wait();
  strand.wake();
  woken_again.count_down();
  second_step.wait();
}

TEST(Strand, TakesTurnsWithOthersOnOneWorker) {
  Executor executor("test", 1);
  std::latch other_ran(1);
  std::atomic<bool> stop = false;
  Strand greedy(executor, [&] { return stop ? StepOutcome::idle : StepOutcome::again; });
  Strand other(executor, [&] {
    other_ran.count_down();
    return StepOutcome::idle;
  });
  greedy.wake();
  other.wake();
  other_ran.wait();
  stop = true;
}

TEST(Strand, WakesByItselfWhenItsTimeHasCome) {
  using Clock = std::chrono::steady_clock;
  Executor executor("test", 2);
  std::latch second_step(2);
  std::array<Clock::time_point, 2> due;
  std::array<Clock::time_point, 2> ran;
  std::array<std::unique_ptr<Strand>, 2> strands;
  for (std::size_t i = 0; i < strands.size(); ++i) {
    strands[i] = std::make_unique<Strand>(executor, [&, i] {
      const auto now = Clock::now();
      if (due[i] == Clock::time_point()) {
        const std::chrono::milliseconds delay(i == 0 ? 40 : 5);  // the later one is asked for first
        strands[i]->wake_after(delay);
        due[i] = now + delay;
      } else if (ran[i] == Clock::time_point()) {
        ran[i] = now;
        second_step.count_down();
      }
      return StepOutcome::idle;
    });
  }
  strands[0]->wake();
  strands[1]->wake();
  second_step.wait();
  EXPECT_GE(ran[0], due[0]);
  EXPECT_GE(ran[1], due[1]);
}

TEST(Strand, WakesOnlyOnceAtTheTimeThatWasAskedForLast) {
  Executor executor("test", 1);
  std::latch woken(1);
  std::atomic<int> steps = 0;
  Strand strand(executor, [&] {
    ++steps;
    woken.count_down();
    return StepOutcome::idle;
  });
  strand.wake_after(std::chrono::hours(1));
  strand.wake_after(std::chrono::milliseconds(1));
  woken.wait();
  executor.close();
  EXPECT_EQ(steps, 1);
}

TEST(Strand, MayBeDestroyedBeforeItsTimeHasCome) {
  Executor executor("test", 1);
  for (int round = 0; round < 100; ++round) {
    bool ran = false;
    auto strand = std::make_unique<Strand>(executor, [&] {
      ran = true;
      return StepOutcome::idle;
    });
    strand->wake_after(std::chrono::hours(1));
    strand.reset();
    EXPECT_FALSE(ran);
  }
}

// Steps touch plain variables without a lock: the thread sanitizer proves that two steps of a strand are ordered.
TEST(Strand, NeverRunsTwoStepsAtOnceAndLosesNoWake) {
  constexpr int kStrands = 4;
  constexpr int kWakers = 3;
  constexpr int kItems = 1'500;
  struct Worker {
    std::atomic<int> waiting = 0;
    std::atomic<int> inside = 0;
    int done = 0;
    bool overlapped = false;
    std::latch finished{1};
    std::unique_ptr<Strand> strand;
  };
  Executor executor("test", 3);
  std::vector<Worker> workers(kStrands);
  for (auto& worker : workers) {
    worker.strand = std::make_unique<Strand>(executor, [&worker] {
      worker.overlapped |= worker.inside.fetch_add(1) != 0;
      const int items = worker.waiting.exchange(0);  // none when the wake came while the step before took them
      worker.done += items;
      worker.inside.fetch_sub(1);
      if (items > 0 && worker.done == kWakers * kItems) worker.finished.count_down();
      return StepOutcome::idle;
    });
  }
  {
    std::vector<std::jthread> wakers;
    for (int i = 0; i < kWakers; ++i) {
      wakers.emplace_back([&workers] {
        for (int item = 0; item < kItems; ++item) {
          for (auto& worker : workers) {
            worker.waiting.fetch_add(1);
            worker.strand->wake();
          }
        }
      });
    }
  }
  for (auto& worker : workers) {
    worker.finished.wait();  // a lost wake would leave items waiting for ever: the test's time limit tells
    worker.strand.reset();
    EXPECT_FALSE(worker.overlapped);
    EXPECT_EQ(worker.done, kWakers * kItems);
  }
}

TEST(Strand, DestructionWaitsForTheStepAndNothingRunsAfterIt) {
  Executor executor("test", 2);
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<int>(0);  // freed right after the strand: the address sanitizer sees late steps
    std::latch started(1);
    bool counted = false;
    auto strand = std::make_unique<Strand>(executor, [&] {
      ++*alive;
      if (!counted) started.count_down();
      counted = true;
      return StepOutcome::again;
    });
    strand->wake();
    started.wait();
    strand.reset();
    alive.reset();
  }
}

TEST(Strand, MayBeDestroyedWhileItWaitsForItsTurn) {
  Executor executor("test", 1);
  std::latch worker_is_busy(1);
  std::latch let_go(1);
  Strand blocker(executor, [&] {
    worker_is_busy.count_down();
    let_go.wait();
    return StepOutcome::idle;
  });
  bool ran = false;
  auto waiting = std::make_unique<Strand>(executor, [&] {
    ran = true;
    return StepOutcome::idle;
  });
  blocker.wake();
  worker_is_busy.wait();
  waiting->wake();
  waiting.reset();
  let_go.count_down();
  executor.close();
  EXPECT_FALSE(ran);
}

TEST(Executor, CloseIsIdempotentAndStopsEndlessWork) {
  Executor executor("test", 2);
  std::latch started(1);
  bool counted = false;
  Strand strand(executor, [&] {
    if (!counted) started.count_down();
    counted = true;
    return StepOutcome::again;
  });
  strand.wake();
  started.wait();
  executor.close();
  executor.close();
  strand.wake();
  EXPECT_EQ(executor.worker_count(), 2U);
}

}  // namespace
}  // namespace ocelli::base
