#include "app/progress.h"

#include <gmock/gmock.h>

namespace ocelli::app {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(FormatDuration, ReadsLikeAClock) {
  EXPECT_EQ(format_duration(seconds(7)), "0:07");
  EXPECT_EQ(format_duration(seconds(754)), "12:34");
  EXPECT_EQ(format_duration(seconds(3723)), "1:02:03");
}

TEST(Progress, PrintsOneLineEveryTenSecondsAwayFromATerminal) {
  base::SimulatedClock clock;
  CaptureStderr();
  Progress progress("clip", "frames", Progress::Style::lines, clock);
  for (int second = 0; second < 25; ++second) {
    clock.advance(seconds(1));
    progress.update(second * 10, second / 50.0);
  }
  const std::string output = GetCapturedStderr();
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 2);
  EXPECT_THAT(output, HasSubstr("left"));
}

TEST(Progress, DrawsABarWithTimeLeftOnATerminal) {
  base::SimulatedClock clock;
  CaptureStderr();
  {
    Progress progress("clip", "frames", Progress::Style::bar, clock);
    clock.advance(seconds(10));
    progress.update(250, 0.25);
  }
  const std::string output = GetCapturedStderr();
  EXPECT_THAT(output, HasSubstr("25 %"));
  EXPECT_THAT(output, HasSubstr("0:30 left"));
  EXPECT_THAT(output, HasSubstr("25.0/s"));
}

TEST(Progress, ManagesWithoutAKnownEnd) {
  base::SimulatedClock clock;
  CaptureStderr();
  Progress progress("rtsp", "frames", Progress::Style::lines, clock);
  clock.advance(seconds(11));
  progress.update(5, std::nullopt);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("5 frames"));
}

}  // namespace
}  // namespace ocelli::app
