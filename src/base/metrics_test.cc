#include "base/metrics.h"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

using testing::HasSubstr;

TEST(Metrics, ExposesHelpTypeAndValueAsPrometheusText) {
  Metrics metrics;
  metrics.counter("ocelli_frames_total", "Frames decoded.", {{"camera", "gate"}}).add(3);
  metrics.gauge("ocelli_queue_depth", "Elements that wait.").set(1.5);
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr("# HELP ocelli_frames_total Frames decoded.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE ocelli_frames_total counter\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_frames_total{camera=\"gate\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE ocelli_queue_depth gauge\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_queue_depth 1.5\n"));
}

TEST(Metrics, AskingTwiceGivesTheSameInstrument) {
  Metrics metrics;
  metrics.counter("ocelli_drops_total", "Drops.", {{"camera", "a"}}).add();
  auto again = metrics.counter("ocelli_drops_total", "Drops.", {{"camera", "a"}});
  again.add();
  auto other = metrics.counter("ocelli_drops_total", "Drops.", {{"camera", "b"}});
  EXPECT_EQ(again.value(), 2);
  EXPECT_EQ(other.value(), 0);
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.gauge("ocelli_up", "Up.", {{"camera", "back\\slash \"quote\"\nline"}}).set(1);
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(camera="back\\slash \"quote\"\nline")"));
}

TEST(Metrics, HistogramsHaveCumulativeBucketsInSeconds) {
  Metrics metrics;
  auto histogram = metrics.histogram("ocelli_inference_seconds", "Time of one run.");
  histogram.observe_s(0.003);
  histogram.observe_s(0.3);
  histogram.observe_s(60);
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr("ocelli_inference_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_inference_seconds_bucket{le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_inference_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_inference_seconds_count 3\n"));
}

TEST(Metrics, DefaultConstructedInstrumentsDoNothing) {
  Counter counter;
  counter.add();
  Gauge().set(1);
  Histogram().observe_s(1);
  EXPECT_EQ(counter.value(), 0);
}

TEST(Metrics, CountsFromManyThreadsWhileItIsRead) {
  Metrics metrics;
  constexpr int kEach = 2'000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&metrics] {
        for (int n = 0; n < kEach; ++n) metrics.counter("ocelli_shared_total", "Shared.").add();
      });
    }
    for (int i = 0; i < 20; ++i) metrics.expose();
  }
  EXPECT_EQ(metrics.counter("ocelli_shared_total", "Shared.").value(), 3 * kEach);
}

TEST(MetricsDeathTest, RefusesNamesThatBreakTheConvention) {
  Metrics metrics;
  EXPECT_DEATH(metrics.counter("ocelli_frames", "No suffix."), "must hold");
  EXPECT_DEATH(metrics.gauge("depth", "No prefix."), "must hold");
}

}  // namespace
}  // namespace ocelli::base
