// How should the threads of ONNX Runtime be set up, when several models take turns on a frame and other work goes on
// beside them? Each way in turns and in the same process:
//
//   own      a pool of threads for each model, as is the runtime's default; shared: one for all
//   spin     a thread that finds nothing to do looks again and again for a while, as is the default; sleep: it does
//   not;
//            spin in run: only as long as a run goes on
//
//   round    wall time of one run of every model, one after the other: median, 95th percentile
//   cpu      time of all cores that the process took for it, and how many of them that is at once
//   work     with --beside: what a thread that computes all the while got done, as a share of what it gets done alone
//
// usage: thread_bench [--threads N] [--rounds N] [--beside] MODEL.onnx…
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <onnxruntime_c_api.h>

#include "infer/backend.h"
#include "infer/onnx_library.h"
#include "infer/tensor.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file
using base::Status;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  int threads = 2;
  int rounds = 20;
  bool beside = false;
  std::vector<std::string> models;
};

enum class Pool { own, shared };
enum class Idle { spins, spins_in_run, sleeps };
struct Way {
  const char* name;
  Pool pool;
  Idle idle;
};
constexpr Way kWays[] = {{"own, spin", Pool::own, Idle::spins},
                         {"own, spin in run", Pool::own, Idle::spins_in_run},
                         {"own, sleep", Pool::own, Idle::sleeps},
                         {"shared, spin", Pool::shared, Idle::spins},
                         {"shared, spin in run", Pool::shared, Idle::spins_in_run},
                         {"shared, sleep", Pool::shared, Idle::sleeps}};

Status checked(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return base::Error(base::Code::internal, message);
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double process_cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Ports {
  std::vector<infer::TensorSpec> inputs;
  std::vector<infer::TensorSpec> outputs;
};

/// A model with its tensors. Released before the runtime.
class Model {
 public:
  explicit Model(const OrtApi& api) : api_(api) {}
  ~Model() {
    for (OrtValue* value : outputs_) api_.ReleaseValue(value);
    for (const OrtValue* value : inputs_) api_.ReleaseValue(const_cast<OrtValue*>(value));  // NOLINT(*-const-cast)
    if (session_ != nullptr) api_.ReleaseSession(session_);
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  Status load(OrtEnv* env, const std::string& path, const Way& way, int threads, const Ports& ports) {
    OrtSessionOptions* options = nullptr;
    OC_TRY_STATUS(checked(api_, api_.CreateSessionOptions(&options)));
    const std::unique_ptr<OrtSessionOptions, decltype(api_.ReleaseSessionOptions)> owned(options,
                                                                                         api_.ReleaseSessionOptions);
    OC_TRY_STATUS(checked(api_, api_.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL)));
    if (way.idle == Idle::spins_in_run) {
      OC_TRY_STATUS(checked(api_, api_.AddSessionConfigEntry(options, "session.force_spinning_stop", "1")));
    }
    if (way.pool == Pool::shared) {
      OC_TRY_STATUS(checked(api_, api_.DisablePerSessionThreads(options)));
    } else {
      OC_TRY_STATUS(checked(api_, api_.SetIntraOpNumThreads(options, threads)));
      OC_TRY_STATUS(checked(api_, api_.AddSessionConfigEntry(options, "session.intra_op.allow_spinning",
                                                             way.idle == Idle::sleeps ? "0" : "1")));
    }
    OC_TRY_STATUS(checked(api_, api_.CreateSession(env, path.c_str(), options, &session_)));
    for (const auto& spec : ports.inputs) OC_TRY_STATUS(bind(spec, input_names_, inputs_));
    for (const auto& spec : ports.outputs) OC_TRY_STATUS(bind(spec, output_names_, outputs_));
    return {};
  }

  Status run() {
    return checked(api_, api_.Run(session_, nullptr, input_names_.data(), inputs_.data(), inputs_.size(),
                                  output_names_.data(), output_names_.size(), outputs_.data()));
  }

 private:
  template <class Value>
  Status bind(const infer::TensorSpec& spec, std::vector<const char*>& names, std::vector<Value>& values) {
    OC_TRY(auto memory, infer::TensorBuffer::allocate(spec.bytes()));
    auto shape = spec.shape;
    if (shape[0] < 0) shape[0] = 1;
    OrtMemoryInfo* info = nullptr;
    OC_TRY_STATUS(checked(api_, api_.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &info)));
    const std::unique_ptr<OrtMemoryInfo, decltype(api_.ReleaseMemoryInfo)> owned(info, api_.ReleaseMemoryInfo);
    const auto type = spec.type == infer::ElementType::uint8 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8
                                                             : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    OrtValue* value = nullptr;
    OC_TRY_STATUS(checked(api_, api_.CreateTensorWithDataAsOrtValue(info, memory.data(), memory.bytes(), shape.data(),
                                                                    shape.size(), type, &value)));
    names.push_back(spec.name.c_str());
    values.push_back(value);
    memory_.push_back(std::move(memory));
    return {};
  }

  const OrtApi& api_;
  OrtSession* session_ = nullptr;
  std::vector<infer::TensorBuffer> memory_;
  std::vector<const char*> input_names_;
  std::vector<const OrtValue*> inputs_;
  std::vector<const char*> output_names_;
  std::vector<OrtValue*> outputs_;
};

struct Samples {
  std::vector<double> wall_ms;
  double cpu_ms = 0;
  double work_per_ms = 0;

  double quantile(double share) {
    std::sort(wall_ms.begin(), wall_ms.end());
    return wall_ms[std::min(wall_ms.size() - 1, static_cast<std::size_t>(share * static_cast<double>(wall_ms.size())))];
  }
  double sum() const {
    double sum = 0;
    for (const double value : wall_ms) sum += value;
    return sum;
  }
};

/// Computes until it is stopped: stands for a decoder.
class Work {
 public:
  explicit Work(bool wanted) {
    if (!wanted) return;
    thread_ = std::jthread([this](const std::stop_token& stop) {
      std::uint32_t state = 1;
      while (!stop.stop_requested()) {
        for (int i = 0; i < 10'000; ++i) state = state * 1664525U + 1013904223U;
        state_.store(state, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  double done() const { return static_cast<double>(done_.load()); }

 private:
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint32_t> state_{0};
  std::jthread thread_;
};

/// The runtime's threads are those of the process, so that each way needs a runtime of its own, one after the other.
Status measure(const OrtApi& api, const Way& way, const Options& options, int rounds, const std::vector<Ports>& ports,
               Samples& samples) {
  OrtThreadingOptions* threading = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateThreadingOptions(&threading)));
  OC_TRY_STATUS(checked(api, api.SetGlobalIntraOpNumThreads(threading, options.threads)));
  OC_TRY_STATUS(checked(api, api.SetGlobalSpinControl(threading, way.idle == Idle::sleeps ? 0 : 1)));
  OrtEnv* env = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateEnvWithGlobalThreadPools(ORT_LOGGING_LEVEL_ERROR, "bench", threading, &env)));
  api.ReleaseThreadingOptions(threading);
  {
    std::vector<std::unique_ptr<Model>> models;
    for (std::size_t i = 0; i < options.models.size(); ++i) {
      models.push_back(std::make_unique<Model>(api));
      OC_TRY_STATUS(models.back()->load(env, options.models[i], way, options.threads, ports[i]));
    }
    const Work work(options.beside);
    constexpr int kWarmUp = 2;
    double cpu_before = 0;
    double work_before = 0;
    for (int round = -kWarmUp; round < rounds; ++round) {
      if (round == 0) {
        cpu_before = process_cpu_ms();
        work_before = work.done();
      }
      const auto begin = SteadyClock::now();
      for (const auto& model : models) OC_TRY_STATUS(model->run());
      if (round >= 0) samples.wall_ms.push_back(milliseconds(SteadyClock::now() - begin));
    }
    samples.cpu_ms += process_cpu_ms() - cpu_before;
    samples.work_per_ms += work.done() - work_before;
  }
  api.ReleaseEnv(env);
  return {};
}

double work_alone_per_ms() {
  const Work work(true);
  const auto begin = SteadyClock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  return work.done() / milliseconds(SteadyClock::now() - begin);
}

/// What the models' tensors look like. The runtime that tells is gone when this returns: it would keep its threads.
base::Result<std::vector<Ports>> ports_of(const Options& options) {
  OC_TRY(const auto backend, infer::make_onnx_backend());
  std::vector<Ports> ports;
  for (const auto& path : options.models) {
    OC_TRY(const auto session, backend->load(path, {.intra_op_threads = 1}));
    ports.push_back({session->inputs(), session->outputs()});
  }
  return ports;
}

Status run(const Options& options) {
  OC_TRY(const auto library, infer::OnnxLibrary::load(""));
  constexpr int kTurns = 4;
  const int rounds = std::max(1, options.rounds / kTurns);
  std::vector<Samples> samples(std::size(kWays));
  OC_TRY(const auto ports, ports_of(options));
  const double alone = options.beside ? work_alone_per_ms() : 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      OC_TRY_STATUS(measure(*library.api, kWays[i], options, rounds, ports, samples[i]));
    }
  }
  std::printf("%d threads, %d rounds of %zu models each way; times in ms\n", options.threads, kTurns * rounds,
              options.models.size());
  std::printf("%-20s %8s %8s %10s %6s %6s\n", "threads", "round", "p95", "cpu/round", "cores", "work");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Samples& of = samples[i];
    const auto count = static_cast<double>(of.wall_ms.size());
    std::printf("%-20s %8.2f %8.2f %10.2f %6.2f", kWays[i].name, of.quantile(0.5), of.quantile(0.95), of.cpu_ms / count,
                of.cpu_ms / of.sum());
    if (alone > 0) std::printf(" %4.0f %%", 100 * of.work_per_ms / of.sum() / alone);
    std::printf("\n");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures ways to set up the runtime's threads");
  app.add_option("--threads", options.threads, "Threads of one run")->check(CLI::Range(1, 64));
  app.add_option("--rounds", options.rounds, "Measured rounds each way")->check(CLI::Range(4, 100'000));
  app.add_flag("--beside", options.beside, "Let a thread compute all the while");
  app.add_option("MODEL", options.models, "ONNX files of fixed sizes")->required();
  CLI11_PARSE(app, argc, argv);
  if (const Status status = run(options); !status) {
    std::fprintf(stderr, "thread_bench: %s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
