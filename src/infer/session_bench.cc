#include "infer/session_bench.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "base/check.h"

namespace ocelli::infer {
namespace {

using std::chrono::nanoseconds;

struct Contender {
  int threads = 0;
  std::shared_ptr<Session> session;
  std::unique_ptr<Binding> binding;
  std::vector<nanoseconds> times;
};

void fill_with_noise(TensorBuffer& tensor, ElementType type) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same noise for everybody
  if (type == ElementType::float32) {
    auto* values = static_cast<float*>(tensor.data());
    for (std::size_t i = 0; i < tensor.bytes() / sizeof(float); ++i) {
      values[i] = static_cast<float>(random() >> 8) * 0x1p-24F;  // 0…1, the same on every platform
    }
  } else {
    std::memset(tensor.data(), 0, tensor.bytes());
  }
}

base::Result<Contender> make_contender(Backend& backend, const std::string& model_path, int threads) {
  Contender contender;
  contender.threads = threads;
  OC_TRY(contender.session, backend.load(model_path, {.intra_op_threads = threads}));
  OC_TRY(contender.binding, contender.session->make_binding());
  const auto& inputs = contender.session->inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) fill_with_noise(contender.binding->input(i), inputs[i].type);
  return contender;
}

base::Result<nanoseconds> timed_run(Contender& contender, const base::Clock& clock) {
  const auto begin = clock.now();
  OC_TRY_STATUS(contender.session->run(*contender.binding));
  return nanoseconds(clock.now() - begin);
}

}  // namespace

nanoseconds quantile(std::vector<nanoseconds> values, double share) {
  OC_CHECK(!values.empty() && share > 0 && share <= 1);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto position = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), position, values.end());
  return *position;
}

base::Result<std::vector<SessionLatency>> bench_session(Backend& backend, const std::string& model_path,
                                                        const SessionBenchConfig& config, const base::Clock& clock,
                                                        const std::stop_token& stop) {
  OC_CHECK(config.max_threads >= 1 && config.runs >= 1);
  std::vector<Contender> contenders;
  for (int threads = 1; threads <= config.max_threads; ++threads) {
    OC_TRY(auto contender, make_contender(backend, model_path, threads));
    contenders.push_back(std::move(contender));
  }
  for (int round = -config.warm_up_runs; round < config.runs; ++round) {
    for (auto& contender : contenders) {
      if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
      OC_TRY(const auto time, timed_run(contender, clock));
      if (round >= 0) contender.times.push_back(time);
    }
  }
  std::vector<SessionLatency> latencies;
  for (const auto& contender : contenders) {
    latencies.push_back({contender.threads, quantile(contender.times, 0.5), quantile(contender.times, 0.95)});
  }
  return latencies;
}

}  // namespace ocelli::infer
