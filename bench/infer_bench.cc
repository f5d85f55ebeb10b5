// What does ocelli's inference layer cost over the bare runtime? On one picture, in turns and in the same process: one
// run of a bare ONNX Runtime session (its C API, its own session, tensors bound once), one of our Session::run(), and
// one of our whole task (preprocess, run, head). Since all fall on the same moment of the machine, their ratios hold on
// a busy one too; those of the calling thread's CPU time, which mean something for one thread, hold better.
//
//   bare, ours  wall time of a run: median, 99th percentile; ratios bare / ours, and of the throughputs
//   cpu         the ratio of the medians of CPU time
//   pre, head   what the task does around the run, and the head's share of the run
//   allocs      calls of operator new in one task, in steady state, without the runtime's own: one for the result
//   pool        share of the measured tasks that found their tensors in the session's pool
//
// With --streams N, N tasks share one session, as streams do, and W threads run them by turns: how many sets of tensors
// that takes, how much memory beside the model, and how often one was there.
//
// usage: infer_bench [--threads N] [--runs N] [--region L T W H] [--streams N --workers W] --model CARD=FILE.onnx…
//        PICTURE
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <onnxruntime_c_api.h>

#include "base/testing/allocation_count.h"
#include "infer/classification_head.h"
#include "infer/detection_head.h"
#include "infer/embedding_head.h"
#include "infer/onnx_library.h"
#include "infer/task_runner.h"
#include "media/frame_reader.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file
using base::Result;
using base::Status;
using base::testing::allocation_count;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  int threads = 1;
  int runs = 100;
  int streams = 0;
  int workers = 2;
  std::vector<float> region;
  std::vector<std::string> models;
  std::string picture;
};

Status checked(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return base::Error(base::Code::internal, message);
}

/// ONNX Runtime as a program would use it that has nothing else to do: never released, since the program ends.
class BareSession {
 public:
  static Result<BareSession> create(const std::string& path, int threads, const infer::Session& like) {
    OC_TRY(const auto library, infer::OnnxLibrary::load(""));
    BareSession bare(*library.api);
    OC_TRY_STATUS(bare.load(path, threads));
    for (const auto& spec : like.inputs()) OC_TRY_STATUS(bare.bind(spec, bare.input_names_, bare.inputs_));
    for (const auto& spec : like.outputs()) OC_TRY_STATUS(bare.bind(spec, bare.output_names_, bare.outputs_));
    return bare;
  }

  Status run() {
    return checked(*api_, api_->Run(session_, nullptr, input_names_.data(), inputs_.data(), inputs_.size(),
                                    output_names_.data(), output_names_.size(), outputs_.data()));
  }
  void set_input(const void* data, std::size_t bytes) { std::memcpy(memory_.front().data(), data, bytes); }

 private:
  explicit BareSession(const OrtApi& api) : api_(&api) {}

  Status load(const std::string& path, int threads) {
    OrtEnv* env = nullptr;
    OrtSessionOptions* options = nullptr;
    OC_TRY_STATUS(checked(*api_, api_->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bare", &env)));
    OC_TRY_STATUS(checked(*api_, api_->CreateSessionOptions(&options)));
    OC_TRY_STATUS(checked(*api_, api_->SetIntraOpNumThreads(options, threads)));
    OC_TRY_STATUS(checked(*api_, api_->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL)));
    return checked(*api_, api_->CreateSession(env, path.c_str(), options, &session_));
  }

  template <class Value>
  Status bind(const infer::TensorSpec& spec, std::vector<const char*>& names, std::vector<Value>& values) {
    OC_TRY(auto memory, infer::TensorBuffer::allocate(spec.bytes()));
    auto shape = spec.shape;
    if (shape[0] < 0) shape[0] = 1;
    const auto type = spec.type == infer::ElementType::uint8 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8
                                                             : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    OrtMemoryInfo* info = nullptr;
    OC_TRY_STATUS(checked(*api_, api_->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &info)));
    OrtValue* value = nullptr;
    OC_TRY_STATUS(checked(*api_, api_->CreateTensorWithDataAsOrtValue(info, memory.data(), memory.bytes(), shape.data(),
                                                                      shape.size(), type, &value)));
    names.push_back(spec.name.c_str());
    values.push_back(value);
    memory_.push_back(std::move(memory));
    return {};
  }

  const OrtApi* api_;
  OrtSession* session_ = nullptr;
  std::vector<infer::TensorBuffer> memory_;
  std::vector<const char*> input_names_;
  std::vector<const OrtValue*> inputs_;
  std::vector<const char*> output_names_;
  std::vector<OrtValue*> outputs_;
};

/// A session that counts what the runtime allocates in its runs.
class CountedSession final : public infer::Session {
 public:
  explicit CountedSession(std::unique_ptr<Session> session) : session_(std::move(session)) {}
  const std::vector<infer::TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<infer::TensorSpec>& outputs() const override { return session_->outputs(); }
  Result<std::unique_ptr<infer::Binding>> make_binding() override { return session_->make_binding(); }
  Status run(infer::Binding& binding) override {
    const std::size_t before = allocation_count();
    auto status = session_->run(binding);
    in_runs_ += allocation_count() - before;
    return status;
  }
  std::size_t in_runs() const { return in_runs_; }

 private:
  const std::unique_ptr<Session> session_;
  std::size_t in_runs_ = 0;
};

/// Runs the task once and says where the time went.
using RunOnce = std::function<Result<infer::RunTimes>(const media::Frame&, const vision::PixelRegion&)>;

template <class Output>
Result<RunOnce> make_task(const infer::ModelCard& card, std::shared_ptr<infer::Session> session,
                          Result<std::unique_ptr<infer::TaskHead<Output>>> head) {
  if (!head) return head.error();
  OC_TRY(auto runner, infer::TaskRunner<Output>::create(card, std::move(session), std::move(*head)));
  auto shared = std::make_shared<infer::TaskRunner<Output>>(std::move(runner));  // by the copies of the function
  return RunOnce([shared](const media::Frame& frame, const vision::PixelRegion& region) -> Result<infer::RunTimes> {
    OC_TRY([[maybe_unused]] const auto output, shared->run(frame, region, nullptr));
    return shared->last_times();
  });
}

Result<RunOnce> make_task(const infer::ModelCard& card, std::shared_ptr<infer::Session> session) {
  if (card.task == infer::Task::detection) {
    return make_task(card, std::move(session), infer::make_detection_head(card));
  }
  if (card.task == infer::Task::classification) {
    return make_task(card, std::move(session), infer::make_classification_head(card));
  }
  return make_task(card, std::move(session), infer::make_embedding_head(card));
}

Result<media::FramePtr> first_frame(const std::string& path) {
  base::SystemClock clock;
  OC_TRY(const auto reader, media::FrameReader::open({path}, clock, {}));
  return reader->next();
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  void clear() { values_.clear(); }
  double quantile(double share) {
    std::sort(values_.begin(), values_.end());
    return values_[std::min(values_.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values_.size())))];
  }
  double median() { return quantile(0.5); }
  double sum() const {
    double sum = 0;
    for (const double value : values_) sum += value;
    return sum;
  }

 private:
  std::vector<double> values_;
};

double thread_cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// One of those who take turns.
struct Contender {
  Samples wall;
  Samples cpu;

  Status measure(const std::function<Status()>& run) {
    const double cpu_before = thread_cpu_ms();
    const auto begin = SteadyClock::now();
    OC_TRY_STATUS(run());
    wall.add(milliseconds(SteadyClock::now() - begin));
    cpu.add(thread_cpu_ms() - cpu_before);
    return {};
  }
  void clear() {
    wall.clear();
    cpu.clear();
  }
};

struct Model {
  infer::ModelCard card;
  std::string file;
  std::shared_ptr<infer::Backend> backend;
};

Result<Model> load(const std::string& name_and_file) {
  const auto equals = name_and_file.find('=');
  Model model;
  if (equals != std::string::npos) model.file = name_and_file.substr(equals + 1);
  OC_TRY(model.card, infer::load_model_card(name_and_file.substr(0, equals)));
  OC_TRY(model.backend, infer::make_onnx_backend());
  return model;
}

Status measure(const std::string& name_and_file, const Options& options, const media::Frame& frame) {
  OC_TRY(const auto model, load(name_and_file));
  const auto& [card, file, backend] = model;
  OC_TRY(auto loaded, backend->load(file, {.intra_op_threads = options.threads}));
  const auto session = std::make_shared<CountedSession>(std::move(loaded));
  OC_TRY(const auto run_once, make_task(card, session));
  OC_TRY(auto bare, BareSession::create(file, options.threads, *session));
  vision::PixelRegion region = infer::whole(frame);
  if (!options.region.empty()) {
    const auto& box = options.region;
    region = vision::region_of({box[0], box[1], box[2], box[3]}, frame.width(), frame.height());
  }
  vision::Preprocessor preprocessor(card.input);
  OC_TRY(auto tensor, infer::TensorBuffer::allocate(preprocessor.output_bytes()));
  OC_TRY([[maybe_unused]] const auto letterbox, preprocessor.run(frame, region, tensor.data()));
  bare.set_input(tensor.data(), tensor.bytes());

  OC_TRY(auto binding, session->make_binding());
  std::memcpy(binding->input(0).data(), tensor.data(), tensor.bytes());

  constexpr int kWarmUp = 10;
  Contender of_bare;
  Contender of_ours;
  Contender of_task;
  Samples of_run;
  Samples of_preprocess;
  Samples of_head;
  std::size_t allocated = 0;  // by the last task
  infer::PoolCounts at_begin;
  const std::array<std::function<Status()>, 3> turns{
      [&] { return of_bare.measure([&] { return bare.run(); }); },
      [&] { return of_ours.measure([&] { return session->run(*binding); }); },
      [&] {
        return of_task.measure([&]() -> Status {
          const std::size_t before = allocation_count() - session->in_runs();
          OC_TRY(const auto times, run_once(frame, region));
          allocated = allocation_count() - session->in_runs() - before;
          of_run.add(milliseconds(times.run));
          of_preprocess.add(milliseconds(times.preprocess));
          of_head.add(milliseconds(times.head));
          return {};
        });
      }};
  for (int i = 0; i < options.runs + kWarmUp; ++i) {
    for (int turn = 0; turn < 3; ++turn) OC_TRY_STATUS(turns[static_cast<std::size_t>((i + turn) % 3)]());
    if (i + 1 == kWarmUp) {
      at_begin = session->bindings().counts();
      for (Samples* samples : {&of_run, &of_preprocess, &of_head}) samples->clear();
      for (Contender* contender : {&of_bare, &of_ours, &of_task}) contender->clear();
    }
  }
  const auto at_end = session->bindings().counts();
  const infer::PoolCounts meanwhile{at_end.hits - at_begin.hits, at_end.misses - at_begin.misses, at_end.bindings};
  Samples& wall = of_bare.wall;
  std::printf("%-17s %8.3f %8.3f %8.3f %8.3f  %6.3f %6.3f %10.3f %6.3f  %7.3f %7.3f %7.2f %%  %8.3f %6zu %6.2f %%\n",
              card.name.c_str(), wall.median(), wall.quantile(0.99), of_ours.wall.median(), of_ours.wall.quantile(0.99),
              wall.median() / of_ours.wall.median(), wall.quantile(0.99) / of_ours.wall.quantile(0.99),
              wall.sum() / of_ours.wall.sum(), of_bare.cpu.median() / of_ours.cpu.median(), of_preprocess.median(),
              of_head.median(), 100 * of_head.median() / of_run.median(), of_task.wall.median(), allocated,
              100 * meanwhile.hit_rate());
  return {};
}

double resident_mb() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::size_t binding_bytes(const infer::Session& session) {
  std::size_t bytes = 0;
  for (const auto& spec : session.inputs()) bytes += spec.bytes();
  for (const auto& spec : session.outputs()) bytes += spec.bytes();
  return bytes;
}

/// Every worker takes the next stream, until each had its turn `kRounds` times.
Status measure_streams(const std::string& name_and_file, const Options& options, const media::Frame& frame) {
  OC_TRY(const auto model, load(name_and_file));
  OC_TRY(auto loaded, model.backend->load(model.file, {.intra_op_threads = 1}));
  const std::shared_ptr<infer::Session> session = std::move(loaded);
  OC_TRY(auto first, make_task(model.card, session));
  OC_TRY([[maybe_unused]] const auto warm, first(frame, infer::whole(frame)));
  const double before = resident_mb();
  std::vector<RunOnce> streams{std::move(first)};
  while (streams.size() < static_cast<std::size_t>(options.streams)) {
    OC_TRY(auto task, make_task(model.card, session));
    streams.push_back(std::move(task));
  }
  constexpr std::size_t kRounds = 4;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> failed{0};
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < options.workers; ++worker) {
      workers.emplace_back([&] {
        for (std::size_t turn = next++; turn < kRounds * streams.size(); turn = next++) {
          // A stream never runs twice at once: its turns are far apart, and a worker has but one.
          if (!streams[turn % streams.size()](frame, infer::whole(frame))) ++failed;
        }
      });
    }
  }
  if (failed > 0) return base::Error(base::Code::internal, std::to_string(failed) + " runs failed");
  const auto counts = session->bindings().counts();
  const double set_mb = static_cast<double>(binding_bytes(*session)) / 1e6;
  std::printf("%-17s %7d %7d %8zu %8.1f %8.1f %12.1f %8.2f %%\n", model.card.name.c_str(), options.streams,
              options.workers, counts.bindings, static_cast<double>(counts.bindings) * set_mb,
              static_cast<double>(options.streams) * set_mb, resident_mb() - before, 100 * counts.hit_rate());
  return {};
}

Status run(const Options& options) {
  OC_TRY(const auto frame, first_frame(options.picture));
  std::printf("%d thread%s, %d runs of each in turns, %dx%d; times in ms\n", options.threads,
              options.threads == 1 ? "" : "s", options.runs, frame->width(), frame->height());
  std::printf("%-17s %8s %8s %8s %8s  %6s %6s %10s %6s  %7s %7s %9s  %8s %6s %8s\n", "model", "bare p50", "p99", "ours",
              "p99", "ratio", "at p99", "throughput", "cpu", "pre", "head", "of run", "task p50", "allocs", "pool");
  for (const auto& model : options.models) OC_TRY_STATUS(measure(model, options, *frame));
  if (options.streams == 0) return {};
  std::printf("\n%-17s %7s %7s %8s %8s %8s %12s %10s\n", "one session", "streams", "workers", "tensors", "MB",
              "one each", "resident +MB", "pool");
  for (const auto& model : options.models) OC_TRY_STATUS(measure_streams(model, options, *frame));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures our inference layer against the bare runtime");
  app.add_option("--threads", options.threads, "Threads of one run")->check(CLI::Range(1, 64));
  app.add_option("--runs", options.runs, "Measured runs of each")->check(CLI::Range(1, 100'000));
  app.add_option("--streams", options.streams, "Tasks that share a session; 0: leave that out")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--workers", options.workers, "Threads that run them")->check(CLI::Range(1, 256));
  app.add_option("--region", options.region, "LEFT TOP WIDTH HEIGHT of the part to look at")->expected(4);
  app.add_option("--model", options.models, "CARD.yaml=WEIGHTS.onnx, repeatable")->required()->take_all();
  app.add_option("PICTURE", options.picture, "Photo, or clip whose first frame is taken")->required();
  CLI11_PARSE(app, argc, argv);
  if (const Status status = run(options); !status) {
    std::fprintf(stderr, "infer_bench: %s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
