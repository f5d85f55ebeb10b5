#include "infer/model_tuner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "infer/detector.h"
#include "infer/quantized_model.h"
#include "infer/session_bench.h"

namespace ocelli::infer {
namespace {

using base::Code;
using std::chrono::nanoseconds;

constexpr int kWarmUpRuns = 3;

struct Weights {
  std::string sha256;
  std::string path;
};

struct Contender {
  TuneResult result;
  std::unique_ptr<Detector> detector;
  std::vector<nanoseconds> times;
};

base::Result<Contender> make_contender(const ModelCard& card, const TuneBackend& backend, Precision precision,
                                       int threads, const Weights& weights) {
  Contender contender;
  auto& result = contender.result;
  result.backend = backend.kind;
  result.precision = precision;
  result.threads = threads;
  result.weights_sha256 = weights.sha256;
  result.runtime = backend.backend->description();
  OC_TRY(auto session, backend.backend->load(weights.path, {threads, precision}));
  OC_TRY(contender.detector, Detector::create(card, std::move(session)));
  return contender;
}

/// All ways to run the model; why others are none goes to `not_measured`.
class LineUp {
 public:
  LineUp(const ModelStore& store, const ModelCard& card, std::vector<std::string>& not_measured)
      : store_(store), card_(card), not_measured_(not_measured) {}

  base::Result<std::vector<Contender>> make(const std::vector<TuneBackend>& backends, const std::vector<int>& threads) {
    OC_TRY_STATUS(store_.verify(card_));
    std::vector<Contender> contenders;
    for (const auto& backend : backends) {
      for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
        auto status = add(backend, precision, threads, contenders);
        if (status) continue;
        if (contenders.empty()) return std::move(status).error();
        not_measured_.push_back(
            fmt::format("{} {}: {}", backend_name(backend.kind), precision_name(precision), status.error().message()));
      }
    }
    return contenders;
  }

 private:
  base::Status add(const TuneBackend& backend, Precision precision, const std::vector<int>& threads,
                   std::vector<Contender>& contenders) {
    OC_TRY_STATUS(backend.backend->check_precision(precision));
    OC_TRY(const auto weights, weights_for(precision));
    for (const int count : threads) {
      OC_TRY(auto contender, make_contender(card_, backend, precision, count, weights));
      contenders.push_back(std::move(contender));
    }
    return {};
  }

  base::Result<Weights> weights_for(Precision precision) const {
    if (precision != Precision::int8) return Weights{card_.sha256, store_.path_of(card_)};
    OC_TRY(const auto quantized, verify_quantized_model(store_, card_));
    return Weights{quantized.sha256, store_.weights_path(quantized.sha256)};
  }

  const ModelStore& store_;
  const ModelCard& card_;
  std::vector<std::string>& not_measured_;
};

base::Status judge(std::vector<Contender>& contenders, const media::Frame& picture, const std::stop_token& stop) {
  std::vector<Detection> reference;
  for (auto& contender : contenders) {
    if (stop.stop_requested()) return base::Error(Code::cancelled, "stopped");
    for (int i = contender.times.empty() ? -kWarmUpRuns : 0; i < 0; ++i) {
      OC_TRY([[maybe_unused]] const auto warm_up, contender.detector->detect(picture, nullptr));
    }
    OC_TRY(auto detections, contender.detector->detect(picture, nullptr));
    contender.times.push_back(contender.detector->last_times().run);
    if (&contender == &contenders.front()) reference = detections;
    add_picture(contender.result.agreement, reference, detections);
  }
  return {};
}

std::vector<TuneResult> results_of(std::vector<Contender>& contenders) {
  std::vector<TuneResult> results;
  for (auto& contender : contenders) {
    contender.result.median = quantile(contender.times, 0.5);
    contender.result.p95 = quantile(contender.times, 0.95);
    results.push_back(std::move(contender.result));
  }
  for (auto& result : results) {
    const auto baseline = std::find_if(results.begin(), results.end(), [&](const TuneResult& other) {
      return other.backend == results.front().backend && other.precision == Precision::fp32 &&
             other.threads == result.threads;
    });
    result.speed = static_cast<double>(baseline->median.count()) /
                   static_cast<double>(std::max<std::int64_t>(result.median.count(), 1));
  }
  return results;
}

}  // namespace

base::Result<TuneReport> tune_model(const ModelStore& store, const ModelCard& card,
                                    const std::vector<TuneBackend>& backends, const std::vector<int>& threads,
                                    ClipSampler& pictures, const std::function<void(int)>& progress,
                                    const std::stop_token& stop) {
  OC_CHECK(!backends.empty() && !threads.empty());
  TuneReport report;
  OC_TRY(auto contenders, LineUp(store, card, report.not_measured).make(backends, threads));
  int done = 0;
  const auto use = [&](const media::Frame& picture) -> base::Status {
    OC_TRY_STATUS(judge(contenders, picture, stop));
    progress(++done);
    return {};
  };
  OC_TRY(report.judged_on, pictures.run(use, stop));
  report.results = results_of(contenders);
  return report;
}

const TuneResult& best_result(const std::vector<TuneResult>& results, double least_f1) {
  OC_CHECK(!results.empty());
  const TuneResult* best = &results.front();
  for (const auto& result : results) {
    if (result.agreement.f1() >= least_f1 && result.median < best->median) best = &result;
  }
  return *best;
}

}  // namespace ocelli::infer
