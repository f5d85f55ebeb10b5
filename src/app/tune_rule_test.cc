#include "app/tune_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/replay_report.h"
#include "app/replay_setup.h"
#include "app/tune_rule_chart.h"

namespace ocelli::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

SweepResult some_sweep() {
  SweepResult result{
      .rule = "dock", .key = "min_stay", .unit = "s", .now = "500ms", .now_value = 0.5, .wanted = {}, .steps = {}};
  result.steps = {{0, "0ms", 40, 10}, {5, "5s", 20, 9}, {10, "10s", 0, 0}};
  return result;
}

TEST(SweepChart, ShowsABarForEachValue) {
  const std::string text = sweep_text(some_sweep());
  EXPECT_THAT(text, HasSubstr("       0ms       40  ████████████████████████████████████████\n"));
  EXPECT_THAT(text, HasSubstr("        5s       20  ████████████████████\n"));
  EXPECT_THAT(text, HasSubstr("       10s        0  \n"));
  EXPECT_THAT(text, Not(HasSubstr("precision")));
}

TEST(SweepChart, ShowsPrecisionAndRecallWhereSomebodySaidWhatIsWanted) {
  auto sweep = some_sweep();
  sweep.wanted = 10;
  const std::string text = sweep_text(sweep);
  EXPECT_THAT(text, HasSubstr("       0ms       40       0.25    1.00"));
  EXPECT_THAT(text, HasSubstr("        5s       20       0.45    0.90"));
  EXPECT_THAT(text, HasSubstr("       10s        0          –    0.00"));
}

TEST(SweepChart, DrawsALineForEachSeries) {
  auto sweep = some_sweep();
  sweep.rule = "a<b";
  const auto lines = [](const std::string& svg) {
    std::size_t count = 0;
    for (auto at = svg.find("<polyline"); at != std::string::npos; at = svg.find("<polyline", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(lines(sweep_svg(sweep)), 1U);
  sweep.wanted = 10;
  EXPECT_EQ(lines(sweep_svg(sweep)), 3U);
  EXPECT_THAT(sweep_svg(sweep), HasSubstr("a&lt;b"));
}

TEST(WantedTimes, AreReadInEveryForm) {
  const auto times = parse_wanted_times("41.3 somebody came\n\n# a comment\n1:02:03.5\n  1:30  # late\r\n", "w.txt");
  ASSERT_TRUE(times) << times.error().message();
  EXPECT_THAT(*times, ElementsAre(41.3, 90, 3723.5));
}

TEST(WantedTimes, SayWhichLineIsWrong) {
  for (const char* line : {"soon", "1:", "-3", "1:2:3:4", "1e999"}) {
    const auto times = parse_wanted_times("5\n" + std::string(line) + "\n", "w.txt");
    ASSERT_FALSE(times) << line;
    EXPECT_THAT(times.error().message(), HasSubstr("w.txt:2")) << line;
  }
}

TEST(WantedTimes, HaveOnePartnerEach) {
  EXPECT_EQ(count_hits({1, 1.5, 9}, {1.2}, 2), 1U);
  EXPECT_EQ(count_hits({1, 3}, {2.5, 4}, 1.5), 2U);
  EXPECT_EQ(count_hits({1}, {}, 1), 0U);
  EXPECT_EQ(count_hits({5}, {1, 5.5}, 1), 1U);
}

TEST(ReplayReport, WritesTimesForPeople) {
  EXPECT_EQ(media_time_text(media::from_seconds(41.34)), "0:41.3");
  EXPECT_EQ(media_time_text(media::from_seconds(59.97)), "1:00.0");
  EXPECT_EQ(media_time_text(media::from_seconds(3723.5)), "1:02:03.5");
  EXPECT_EQ(media_time_text(media::from_seconds(-0.5)), "-0:00.5");
}

TEST(ReplaySetup, FindsTheRuleOfASetting) {
  EXPECT_EQ(rule_of("camera.zones.dock.min_stay"), "dock");
  EXPECT_EQ(rule_of("camera.fps"), "");
  EXPECT_EQ(rule_of("tracker.keep_lost"), "");
  EXPECT_EQ(shown_path("camera.zones.dock.min_stay"), "zones.dock.min_stay");
}

}  // namespace
}  // namespace ocelli::app
