#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/agreement.h"
#include "infer/backend.h"
#include "infer/clip_sampler.h"
#include "infer/model_store.h"

namespace ocelli::infer {

struct TuneBackend {
  BackendKind kind = BackendKind::onnx_runtime;
  std::shared_ptr<Backend> backend;  // co-owned by the sessions
};

/// One way to run the model, and what came of it.
struct TuneResult {
  BackendKind backend = BackendKind::onnx_runtime;
  Precision precision = Precision::fp32;
  int threads = 1;
  std::string weights_sha256;
  std::string runtime;                ///< Backend::description()
  std::chrono::nanoseconds median{};  ///< of one run of the model, without what is done before and after
  std::chrono::nanoseconds p95{};
  double speed = 1;     ///< times the first backend with fp32 and as many threads
  Agreement agreement;  ///< with the first result
};

struct TuneReport {
  std::vector<TuneResult> results;        ///< the first: first backend, fp32, first number of threads
  std::vector<std::string> not_measured;  ///< what and why, a line each
  std::vector<ClipSample> judged_on;
};

/// Runs a detector of `card` in every way that there is: each backend, each precision that it has weights for, each
/// number of threads. Every picture goes through all of them in turn, so that whatever else the machine does meanwhile
/// falls on all alike. `progress` gets the number of pictures done.
/// Fails as ModelStore::verify(), ClipSampler::run() and Detector::create(), and when the first backend cannot run
/// fp32; what else cannot be run goes to TuneReport::not_measured.
base::Result<TuneReport> tune_model(const ModelStore& store, const ModelCard& card,
                                    const std::vector<TuneBackend>& backends, const std::vector<int>& threads,
                                    ClipSampler& pictures, const std::function<void(int)>& progress,
                                    const std::stop_token& stop);

/// The fastest of those whose boxes agree with the first result by an F1 of at least `least_f1`; the first always does.
const TuneResult& best_result(const std::vector<TuneResult>& results, double least_f1);

}  // namespace ocelli::infer
