#include "base/log.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/mutex.h"

namespace ocelli::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime kTime{milliseconds{1'777'889'472'345}};

/// Collects what a logger writes.
class Lines {
 public:
  Logger::Config config(LogLevel level = LogLevel::info) {
    Logger::Config config;
    config.level = level;
    config.format = LogFormat::json;
    config.camera_lines_per_second = 2;
    config.output = [this](std::string_view line) {
      const MutexLock lock(mutex_);
      lines_.emplace_back(line);
    };
    return config;
  }
  std::vector<std::string> take() {
    const MutexLock lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ OC_GUARDED_BY(mutex_);
};

TEST(LogLine, WallTimeIsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(format_wall_time(kTime), "2026-05-04T10:11:12.345Z");
  EXPECT_EQ(format_wall_time(WallTime{}), "1970-01-01T00:00:00.000Z");
}

TEST(LogLine, JsonHasEveryFieldWithItsType) {
  const auto line = format_log_line(LogFormat::json, kTime, LogLevel::warn, "gate", "slow",
                                    {{"fps", 12.5}, {"frames", 42}, {"live", true}, {"codec", "h264"}});
  const auto document = nlohmann::json::parse(line);
  EXPECT_EQ(document.at("time"), "2026-05-04T10:11:12.345Z");
  EXPECT_EQ(document.at("level"), "warn");
  EXPECT_EQ(document.at("camera"), "gate");
  EXPECT_EQ(document.at("message"), "slow");
  EXPECT_EQ(document.at("fps"), 12.5);
  EXPECT_EQ(document.at("frames"), 42);
  EXPECT_EQ(document.at("live"), true);
  EXPECT_EQ(document.at("codec"), "h264");
}

TEST(LogLine, JsonSurvivesBrokenUtf8AndControlCharacters) {
  const std::string hostile("bad \xFF\xC3 \" \\ \n \x01 end");
  const auto line = format_log_line(LogFormat::json, kTime, LogLevel::info, hostile, hostile, {{"text", hostile}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto document = nlohmann::json::parse(line);
  EXPECT_THAT(document.at("message").get<std::string>(), EndsWith("end"));
}

TEST(LogLine, ConsoleIsOneReadableLine) {
  EXPECT_EQ(format_log_line(LogFormat::console, kTime, LogLevel::info, "gate", "stream is up", {{"fps", 25}}),
            "2026-05-04T10:11:12.345Z info  [gate] stream is up fps=25");
}

TEST(LogLine, ConsoleShowsControlCharactersInsteadOfObeyingThem) {
  const auto line = format_log_line(LogFormat::console, kTime, LogLevel::info, "a\nb", "forged\n2026 line \x1B[31m",
                                    {{"text", "c\rd"}});
  for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(Logger, WritesFromTheConfiguredLevelUp) {
  Lines lines;
  SimulatedClock clock;
  const Logger logger(lines.config(LogLevel::warn), clock);
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("e");
  EXPECT_EQ(lines.take().size(), 2U);
}

TEST(Logger, TheNullLoggerDropsEverything) {
  const Logger logger = Logger::null();
  logger.error("nobody hears this");
  logger.for_camera("gate").error("nor this");
}

TEST(Logger, ACameraGetsABurstThenItsRateThenTheCountOfWhatWasHeldBack) {
  Lines lines;
  SimulatedClock clock;
  const Logger gate = Logger(lines.config(), clock).for_camera("gate");
  for (int i = 0; i < 100; ++i) gate.info("noise");
  EXPECT_EQ(lines.take().size(), 8U) << "four seconds' worth at two lines a second";
  clock.advance(seconds{1});
  for (int i = 0; i < 100; ++i) gate.info("noise");
  const auto after_a_second = lines.take();
  ASSERT_EQ(after_a_second.size(), 3U) << "the report of the held-back lines and two lines";
  const auto report = nlohmann::json::parse(after_a_second.front());
  EXPECT_EQ(report.at("level"), "warn");
  EXPECT_EQ(report.at("lines"), 92);
}

TEST(Logger, OneNoisyCameraDoesNotSilenceOthersNorTheServer) {
  Lines lines;
  SimulatedClock clock;
  const Logger logger(lines.config(), clock);
  const Logger noisy = logger.for_camera("noisy");
  const Logger copy_of_noisy = noisy;
  for (int i = 0; i < 50; ++i) noisy.info("noise");
  lines.take();
  copy_of_noisy.info("copies share the limit");
  EXPECT_TRUE(lines.take().empty());
  logger.for_camera("quiet").info("hello");
  for (int i = 0; i < 50; ++i) logger.info("server");
  EXPECT_EQ(lines.take().size(), 51U);
}

TEST(Logger, LinesOfManyThreadsStayWhole) {
  Lines lines;
  SimulatedClock clock;
  const Logger logger(lines.config(), clock);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&logger] {
        const Logger mine = logger.for_camera("gate");
        for (int n = 0; n < 200; ++n) mine.info("line", {{"n", n}});
      });
    }
  }
  for (const auto& line : lines.take()) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(Logger, WritesToStandardErrorByDefault) {
  SimulatedClock clock(kTime);
  Logger::Config config;
  testing::internal::CaptureStderr();
  Logger(config, clock).info("hello");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written, "2026-05-04T10:11:12.345Z info  hello\n");
  EXPECT_THAT(written, Not(HasSubstr("[")));
}

}  // namespace
}  // namespace ocelli::base
