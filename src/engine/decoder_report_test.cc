#include "engine/decoder_report.h"

#include <vector>

#include <gmock/gmock.h>

namespace ocelli::engine {
namespace {

using media::DecodeDevice;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DecoderReport, TellsOncePerChangeWhereACameraIsDecoded) {
  base::SystemClock clock;
  base::Metrics metrics;
  std::vector<std::string> lines;
  base::Logger::Config config;
  config.output = [&](std::string_view line) { lines.emplace_back(line); };
  DecoderReport report(metrics, base::Logger(config, clock).for_camera("gate"), "gate");

  for (int connection = 0; connection < 3; ++connection) report.tell({DecodeDevice::cuda, "", false});
  EXPECT_THAT(metrics.expose(), HasSubstr("ocelli_decoder_hardware{camera=\"gate\",device=\"cuda\"} 1"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("cuda"));

  report.tell({DecodeDevice::software, "cuda: device failed (gone)", true});
  EXPECT_THAT(metrics.expose(), AllOf(HasSubstr("ocelli_decoder_hardware{camera=\"gate\",device=\"cuda\"} 0"),
                                      HasSubstr("ocelli_decoder_hardware{camera=\"gate\",device=\"software\"} 0")));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], AllOf(HasSubstr("software goes on"), HasSubstr("cuda: device failed (gone)")));
}

TEST(DecoderReport, NamesTheReasonWhyThereIsNoHardware) {
  base::SystemClock clock;
  base::Metrics metrics;
  std::vector<std::string> lines;
  base::Logger::Config config;
  config.output = [&](std::string_view line) { lines.emplace_back(line); };
  DecoderReport report(metrics, base::Logger(config, clock), "gate");
  report.tell({DecodeDevice::software, "vaapi: device missing", false});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("software"), HasSubstr("vaapi: device missing")));
  EXPECT_THAT(metrics.expose(), Not(HasSubstr("} 1")));
}

}  // namespace
}  // namespace ocelli::engine
