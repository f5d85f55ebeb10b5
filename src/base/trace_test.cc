#include "base/trace.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ocelli::base {
namespace {

std::string scratch_path(const std::string& name) {
  return testing::TempDir() + "/ocelli_trace_test_" + name;
}

nlohmann::json write_and_read(const Tracer& tracer, const std::string& name) {
  const std::string path = scratch_path(name);
  EXPECT_TRUE(tracer.write(path).has_value());
  std::ifstream file(path);
  auto document = nlohmann::json::parse(file);
  std::filesystem::remove(path);
  return document;
}

TEST(TraceSpan, WithoutATracerReadsNoClockAndIsSafe) {
  const TraceSpan span(nullptr, "nothing");
  // The begin stays at its default: nobody asked for the time. There is no other way to see it from outside.
  static_assert(sizeof(TraceSpan) <= 3 * sizeof(void*));
}

TEST(Tracer, WritesAnEmptyTraceAsValidJson) {
  const Tracer tracer;
  const auto document = write_and_read(tracer, "empty.json");
  EXPECT_TRUE(document.at("traceEvents").empty());
}

TEST(Tracer, WritesNestedSpansAsCompleteEvents) {
  Tracer tracer;
  {
    const TraceSpan outer(&tracer, "outer");
    const TraceSpan inner(&tracer, "inner");
  }
  const auto document = write_and_read(tracer, "nested.json");
  const auto& events = document.at("traceEvents");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at("name"), "inner");
  EXPECT_EQ(events[1].at("name"), "outer");
  EXPECT_EQ(events[0].at("ph"), "X");
  EXPECT_LE(events[1].at("ts").get<double>(), events[0].at("ts").get<double>());
  EXPECT_GE(events[1].at("dur").get<double>(), events[0].at("dur").get<double>());
}

TEST(Tracer, IsBoundedAndCountsWhatItDropped) {
  Tracer tracer(2);
  for (int i = 0; i < 5; ++i) const TraceSpan span(&tracer, "span");
  const auto document = write_and_read(tracer, "bounded.json");
  EXPECT_EQ(document.at("traceEvents").size(), 2U);
  EXPECT_EQ(document.at("otherData").at("dropped"), 3);
}

TEST(Tracer, TellsThreadsApart) {
  Tracer tracer;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&tracer] {
        for (int n = 0; n < 100; ++n) const TraceSpan span(&tracer, "work");
      });
    }
  }
  std::set<int> ids;
  const auto document = write_and_read(tracer, "threads.json");
  for (const auto& event : document.at("traceEvents")) ids.insert(event.at("tid").get<int>());
  EXPECT_EQ(ids.size(), 3U);
}

TEST(Tracer, SaysWhichFileItCouldNotWrite) {
  const Tracer tracer;
  const auto status = tracer.write("/nonexistent-folder/trace.json");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), Code::unavailable);
  EXPECT_NE(status.error().message().find("/nonexistent-folder/trace.json"), std::string::npos);
}

TEST(Tracer, ReportsAFullDiskInsteadOfThrowing) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  Tracer tracer;
  for (int i = 0; i < 1'000; ++i) const TraceSpan span(&tracer, "span");
  const auto status = tracer.write("/dev/full");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), Code::exhausted);
}

}  // namespace
}  // namespace ocelli::base
