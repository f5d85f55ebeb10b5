#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "infer/backend.h"

namespace ocelli::infer {

struct SessionBenchConfig {
  int max_threads = 1;  ///< measures 1 … max_threads intra-op threads
  int runs = 50;        ///< measured runs per thread count, after the warm-up
  int warm_up_runs = 3;
};

/// Latency of one run at one number of threads.
struct SessionLatency {
  int threads = 0;
  std::chrono::nanoseconds median{};
  std::chrono::nanoseconds p95{};
};

/// Measures the model at every thread count, one run of each in turns, so that whatever else the machine does meanwhile
/// falls on all alike. The input is grey noise from a fixed seed. `cancelled` after `stop`.
base::Result<std::vector<SessionLatency>> bench_session(Backend& backend, const std::string& model_path,
                                                        const SessionBenchConfig& config, const base::Clock& clock,
                                                        const std::stop_token& stop);

/// The least of the values that `share` (0…1] of all do not exceed. `values` must not be empty.
std::chrono::nanoseconds quantile(std::vector<std::chrono::nanoseconds> values, double share);

}  // namespace ocelli::infer
