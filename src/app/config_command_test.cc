#include "app/config_command.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::app {
namespace {

class CheckConfig : public testing::Test {
 protected:
  CheckConfig()
      : path_((std::filesystem::temp_directory_path() / ("ocelli-check-" + std::to_string(::getpid()) + ".yaml"))
                  .string()) {}
  ~CheckConfig() override { std::filesystem::remove(path_); }

  ConfigReport check(const std::string& yaml, const config::Environment& environment = {}) {
    std::ofstream(path_) << yaml;
    const auto report = check_config(path_, environment);
    EXPECT_TRUE(report);
    return report ? *report : ConfigReport{};
  }

  const std::string path_;
};

TEST_F(CheckConfig, SaysWhatAFineFileHolds) {
  const auto report = check("cameras: {a: {url: a.mp4, lines: {l: {from: [0, 0], to: [1, 1]}}}, b: {url: b.mp4}}");
  EXPECT_EQ(report.text, path_ + ": fine: 2 cameras, 0 zones, 1 line\n");
  EXPECT_EQ(report.exit_code, ExitCode::ok);
}

TEST_F(CheckConfig, PrintsEveryProblemOnItsLine) {
  const auto report = check("sevrer: {}\nlog: {level: x}\n", {{"OCELLI_SERVER_PORT", "-1"}});
  EXPECT_EQ(report.text, path_ + ":2:14: level must be one of debug, info, warn, error, off\n" + path_ +
                             ":1:1: unknown key 'sevrer' (did you mean 'server'?)\n"
                             "environment variable OCELLI_SERVER_PORT: port must be 0 to 65535, not -1\n");
  EXPECT_EQ(report.exit_code, ExitCode::usage);
}

TEST_F(CheckConfig, FailsWithoutAFile) {
  const auto report = check_config(path_, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), base::Code::not_found);
}

}  // namespace
}  // namespace ocelli::app
