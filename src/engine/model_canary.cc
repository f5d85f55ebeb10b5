#include "engine/model_canary.h"

#include <algorithm>

#include <fmt/format.h>

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;

base::Result<std::vector<infer::Detection>> timed(infer::Detector& detector, const media::Frame& frame,
                                                  std::vector<std::chrono::nanoseconds>& all) {
  auto detections = detector.detect(frame, nullptr);
  const infer::RunTimes& times = detector.last_times();
  all.push_back(times.preprocess + times.run + times.head);
  return detections;
}

std::chrono::nanoseconds median_of(std::vector<std::chrono::nanoseconds> times) {
  if (times.empty()) return {};
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace

double ShadowReport::slowdown() const {
  const auto serving = median_of(serving_times);
  return serving.count() > 0 ? std::chrono::duration<double>(median_of(candidate_times)) / serving : 1;
}

base::Result<media::FramePtr> warm_up(infer::Detector& candidate, FrameTap& tap, const CanaryConfig& config,
                                      std::atomic<int>& progress, const std::stop_token& stop) {
  OC_TRY(media::FramePtr frame, tap.next(config.frame_patience, stop));
  for (int run = 0; run < config.warm_up_runs; ++run) {
    if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
    if (auto newer = tap.take()) frame = std::move(newer);
    OC_TRY_STATUS(candidate.detect(*frame, nullptr));
    ++progress;
  }
  return frame;
}

base::Result<ShadowReport> shadow(infer::Detector& serving, infer::Detector& candidate, FrameTap& tap,
                                  const CanaryConfig& config, std::atomic<int>& progress, const std::stop_token& stop) {
  ShadowReport report;
  for (int number = 0; number < config.shadow_frames; ++number) {
    OC_TRY(const media::FramePtr frame, tap.next(config.frame_patience, stop));
    // Who comes second finds the picture in the cache: so they take turns.
    const bool candidate_first = number % 2 == 1;
    std::vector<infer::Detection> expected;
    std::vector<infer::Detection> found;
    if (candidate_first) {
      OC_TRY(found, timed(candidate, *frame, report.candidate_times));
    }
    OC_TRY(expected, timed(serving, *frame, report.serving_times));
    if (!candidate_first) {
      OC_TRY(found, timed(candidate, *frame, report.candidate_times));
    }
    infer::add_picture(report.agreement, expected, found);
    ++progress;
  }
  return report;
}

base::Status judge(const ShadowReport& report, const CanaryConfig& config) {
  if (const double f1 = report.agreement.f1(); f1 < config.least_agreement) {
    return Error(Code::invalid,
                 fmt::format("its boxes agree with those of the model that serves by F1 {:.3f}, below {:.3f}", f1,
                             config.least_agreement));
  }
  if (report.slowdown() > config.most_slowdown) {
    return Error(Code::invalid, fmt::format("it takes {:.2f} times as long as the model that serves, more than {:.2f}",
                                            report.slowdown(), config.most_slowdown));
  }
  return {};
}

}  // namespace ocelli::engine
