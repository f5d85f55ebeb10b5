#include "base/subprocess.h"

#include <chrono>
#include <cstdlib>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SubprocessConfig shell(const std::string& script) {
  return {{"sh", "-c", script}};
}

TEST(Subprocess, GivesOutputOfBothStreamsAndExitCode) {
  const auto result = run_subprocess(shell("echo out; echo err >&2; exit 3"), {});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
}

TEST(Subprocess, PassesArgumentsWithoutAShell) {
  const auto result = run_subprocess({{"printf", "%s|", "a b", "$HOME", "*"}}, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "a b|$HOME|*|");
}

TEST(Subprocess, HasNothingOnItsInput) {
  const auto result = run_subprocess(shell("cat; echo done"), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "done\n");
}

TEST(Subprocess, KeepsTheEndOfLongOutput) {
  auto config = shell("seq 1 100000");
  config.max_output_bytes = 100;
  const auto result = run_subprocess(config, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output.size(), 100U);
  EXPECT_THAT(result->output, HasSubstr("\n100000\n"));
}

TEST(Subprocess, NamesAProgramThatDoesNotExist) {
  const auto result = run_subprocess({{"ocelli-no-such-program"}}, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::not_found);
  EXPECT_THAT(result.error().message(), HasSubstr("'ocelli-no-such-program'"));
}

TEST(Subprocess, EndsAProgramThatTakesTooLong) {
  auto config = shell("sleep 60");
  config.time_limit = std::chrono::seconds(0);
  const auto result = run_subprocess(config, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("took longer than 0 s"));
}

TEST(Subprocess, TellsWhichSignalEndedTheProgram) {
  const auto result = run_subprocess(shell("kill -9 $$"), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 128 + SIGKILL);
}

TEST(Subprocess, IsNotStartedAfterAStop) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_subprocess(shell("true"), stop.get_token()).error().code(), Code::cancelled);
}

TEST(Subprocess, StopEndsTheWholeGroupAndLeavesNoZombie) {
  char folder[] = "/tmp/ocelli-subprocess-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string pid_file = std::string(folder) + "/pid";
  std::stop_source stop;
  // The stop comes once the grandchild has said that it lives.
  std::jthread stopper([&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (::access(pid_file.c_str(), F_OK) != 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    stop.request_stop();
  });
  const auto result = run_subprocess(
      shell("sh -c 'echo $$ > " + pid_file + ".new; mv " + pid_file + ".new " + pid_file + "; exec sleep 600' & wait"),
      stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::cancelled);
  // The grandchild is init's to reap; it must not run any more.
  const auto state = run_subprocess(shell("sed 's/.*) //' /proc/$(cat " + pid_file + ")/stat 2>/dev/null"), {});
  ASSERT_TRUE(state);
  EXPECT_THAT(state->output, Not(::testing::StartsWith("S")));
  ASSERT_TRUE(run_subprocess({{"rm", "-r", folder}}, {}));
}

TEST(Subprocess, KillsAProgramThatIgnoresTheRequestToEnd) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto result = run_subprocess(shell("trap '' TERM; while :; do :; done"), stop.get_token());
  EXPECT_EQ(result.error().code(), Code::cancelled);
}

TEST(Subprocess, DoesNotWaitForAChildThatOutlivesTheProgram) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_subprocess(shell("sleep 600 & echo started"), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "started\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace ocelli::base
