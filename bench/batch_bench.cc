// Does it pay to run several pictures together? Runs of a model whose batch is open, with 1, 2, 4 and 8 pictures in
// turns, and what infer::best_batch() makes of that: the Batcher's max_batch.
//
// usage: batch_bench [--threads N] [--runs N] [--provider cpu|cuda|tensorrt|openvino] MODEL.onnx…
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "infer/backend.h"
#include "infer/batch_trial.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

struct Options {
  int threads = 1;
  int runs = 10;
  infer::Provider provider = infer::Provider::cpu;
  std::vector<std::string> models;
};

base::Status measure(infer::Backend& backend, const std::string& path, const Options& options) {
  constexpr std::array<std::size_t, 4> kBatches{1, 2, 4, 8};
  base::SystemClock clock;
  OC_TRY(const auto session, backend.load(path, {.intra_op_threads = options.threads, .provider = options.provider}));
  if (const auto use = session->provider(); !use.reason.empty()) {
    return base::Error(base::Code::unavailable, use.reason);
  }
  OC_TRY(const auto costs, infer::try_batches(*session, kBatches, options.runs, clock));
  std::printf("%s: %s\n", path.substr(path.find_last_of('/') + 1).c_str(), session->inputs()[0].to_string().c_str());
  std::printf("  %5s %10s %14s %12s\n", "batch", "run ms", "ms a picture", "pictures/s");
  for (const auto& cost : costs) {
    const double per_picture = cost.per_picture_ms();
    std::printf("  %5zu %10.2f %14.2f %12.1f\n", cost.batch, per_picture * static_cast<double>(cost.batch), per_picture,
                1000 / per_picture);
  }
  std::printf("  best: %zu\n", infer::best_batch(costs));
  return {};
}

base::Status run(const Options& options) {
  OC_TRY(const auto backend, infer::make_onnx_backend());
  std::printf("%s, %d thread%s, medians of %d runs\n", backend->description().c_str(), options.threads,
              options.threads == 1 ? "" : "s", options.runs);
  for (const auto& model : options.models) OC_TRY_STATUS(measure(*backend, model, options));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::map<std::string, infer::Provider> providers;
  for (const auto provider :
       {infer::Provider::cpu, infer::Provider::cuda, infer::Provider::tensorrt, infer::Provider::openvino}) {
    providers.emplace(infer::provider_name(provider), provider);
  }
  CLI::App app("Measures whether batches pay");
  app.add_option("--threads", options.threads, "Threads of one run")->check(CLI::Range(1, 64));
  app.add_option("--runs", options.runs, "Measured runs of each")->check(CLI::Range(1, 100'000));
  app.add_option("--provider", options.provider, "What computes")->transform(CLI::CheckedTransformer(providers));
  app.add_option("MODEL", options.models, "ONNX files whose batch is open")->required();
  CLI11_PARSE(app, argc, argv);
  if (const base::Status status = run(options); !status) {
    std::fprintf(stderr, "batch_bench: %s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
