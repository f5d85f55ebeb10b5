#include "base/clock.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool deadline_comes_in_spite_of_a_stop_request(Clock& clock) {
  std::atomic<bool> deadline_came = true;
  std::jthread sleeper(
      [&](const std::stop_token& stop) { deadline_came = clock.wait_until(clock.now() + hours{1}, stop); });
  sleeper.request_stop();
  sleeper.join();
  return deadline_came;
}

TEST(SimulatedClock, StandsStillUntilAdvanced) {
  SimulatedClock clock(WallTime{seconds{100}});
  const SteadyTime begin = clock.now();
  EXPECT_EQ(clock.now(), begin);
  EXPECT_EQ(clock.wall_now(), WallTime{seconds{100}});
  clock.advance(milliseconds{1500});
  EXPECT_EQ(clock.now() - begin, milliseconds{1500});
  EXPECT_EQ(clock.wall_now(), WallTime{milliseconds{101'500}});
}

TEST(SimulatedClock, DoesNotWaitForADeadlineThatHasCome) {
  SimulatedClock clock;
  EXPECT_TRUE(clock.wait_until(clock.now(), {}));
  EXPECT_TRUE(clock.wait_until(clock.now() - seconds{1}, {}));
}

TEST(SimulatedClock, WakesEachSleeperOnlyWhenItsDeadlineHasCome) {
  SimulatedClock clock;
  const SteadyTime begin = clock.now();
  std::atomic<int> awake = 0;
  std::jthread early([&](const std::stop_token& stop) { awake += clock.wait_until(begin + seconds{1}, stop) ? 1 : 0; });
  std::jthread late(
      [&](const std::stop_token& stop) { awake += clock.wait_until(begin + seconds{9}, stop) ? 100 : 0; });
  clock.advance(seconds{2});
  early.join();
  EXPECT_EQ(awake, 1);
  clock.advance(seconds{7});
  late.join();
  EXPECT_EQ(awake, 101);
}

TEST(SimulatedClock, AStopRequestEndsAWait) {
  SimulatedClock clock;
  EXPECT_FALSE(deadline_comes_in_spite_of_a_stop_request(clock));
}

TEST(SystemClock, RunsForwardAndKnowsTheDate) {
  const SystemClock clock;
  const SteadyTime first = clock.now();
  EXPECT_LE(first, clock.now());
  EXPECT_GT(clock.wall_now(), WallTime{seconds{1'700'000'000}});
}

TEST(SystemClock, ReturnsAtOnceFromADeadlineInThePast) {
  SystemClock clock;
  EXPECT_TRUE(clock.wait_until(clock.now() - seconds{1}, {}));
}

TEST(SystemClock, AStopRequestEndsAWait) {
  SystemClock clock;
  EXPECT_FALSE(deadline_comes_in_spite_of_a_stop_request(clock));
}

}  // namespace
}  // namespace ocelli::base
