// What does a step of the learned behaviour cost? For each network, in turns and in the same process, on one thread:
//
//   step      one step of infer::TcnStream
//   window    infer::TcnWindow over as many steps as the network sees (its receptive field), as somebody without cached
//             activations would run it at every step; all steps' logits
//   onnx      the same network over the same window, by ONNX Runtime through our own backend
//
// Times are medians of the calling thread's CPU time, in microseconds; ratios of such medians hold on a busy machine.
// "off" is the largest difference of ONNX Runtime's logits from ours, of the last step also the stream's. A network
// that differs by more than 1e-5 ends the program with 1.
//
// usage: tcn_bench [--turns N] [--weights FILE.safetensors]…      (without weights: random ones only)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <time.h>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "infer/backend.h"
#include "infer/model_file.h"
#include "infer/tcn_stream.h"
#include "infer/testing/tiny_tcn.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

constexpr double kMostOff = 1e-5;
constexpr int kStepsATurn = 64;

double cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  double median() {
    std::nth_element(values_.begin(), values_.begin() + std::ssize(values_) / 2, values_.end());
    return values_[values_.size() / 2];
  }

 private:
  std::vector<double> values_;
};

/// ONNX Runtime's session of a network over a window of so many steps.
class OnnxWindow {
 public:
  static base::Result<OnnxWindow> create(infer::Backend& backend, const infer::Safetensors& file, std::size_t steps) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("tcn_bench-" + std::to_string(::getpid()) + ".onnx")).string();
    OC_TRY_STATUS(infer::install_text(infer::testing::tcn_as_onnx(file, static_cast<int>(steps)), path));
    infer::SessionConfig config;
    config.intra_op_threads = 1;
    auto session = backend.load(path, config);
    std::filesystem::remove(path);
    if (!session) return std::move(session).error();
    OC_TRY(auto binding, (*session)->make_binding());
    return OnnxWindow(std::move(*session), std::move(binding));
  }

  /// Our rows of features, a step each, are the runtime's columns.
  void set(const std::vector<float>& rows, std::size_t features) {
    auto* const input = static_cast<float*>(binding_->input(0).data());
    const std::size_t steps = rows.size() / features;
    for (std::size_t i = 0; i < rows.size(); ++i) input[i % features * steps + i / features] = rows[i];
  }
  base::Status run() { return session_->run(*binding_); }
  float logit(std::size_t step, std::size_t index, std::size_t steps) const {
    return static_cast<const float*>(binding_->output(0).data())[index * steps + step];
  }

 private:
  OnnxWindow(std::unique_ptr<infer::Session> session, std::unique_ptr<infer::Binding> binding)
      : session_(std::move(session)), binding_(std::move(binding)) {}
  std::unique_ptr<infer::Session> session_;
  std::unique_ptr<infer::Binding> binding_;
};

struct Contenders {
  infer::TcnStream stream;
  infer::TcnWindow window;
  OnnxWindow onnx;
};

/// Largest difference of the runtime's logits, and of the stream's last ones, from the window's.
base::Result<double> compare(Contenders& contenders, const std::vector<float>& rows, std::size_t features) {
  const std::size_t steps = rows.size() / features;
  OC_TRY(const auto logits, contenders.window.run(rows, infer::TcnOutput::every_step));
  OC_TRY_STATUS(contenders.onnx.run());
  std::span<const float> last;
  for (std::size_t i = 0; i < steps; ++i) {
    last = contenders.stream.push(std::span(rows).subspan(i * features, features));
  }
  const std::size_t classes = last.size();
  double off = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    off = std::max(off, std::abs(double{logits[i]} - contenders.onnx.logit(i / classes, i % classes, steps)));
  }
  for (std::size_t i = 0; i < classes; ++i) {
    off = std::max(off, std::abs(double{last[i]} - logits[(steps - 1) * classes + i]));
  }
  return off;
}

base::Status measure(infer::Backend& backend, const std::string& name, const infer::Safetensors& file, int turns) {
  OC_TRY(const auto network, infer::Tcn::create(file));
  const auto steps = static_cast<std::size_t>(network->spec().receptive_field());
  const std::size_t features = network->spec().features.size();
  std::mt19937 random(1);
  std::normal_distribution<float> value;
  std::vector<float> rows(steps * features);
  std::generate(rows.begin(), rows.end(), [&] { return value(random); });

  OC_TRY(auto stream, infer::TcnStream::create(network));
  OC_TRY(auto window, infer::TcnWindow::create(network, steps));
  OC_TRY(auto onnx, OnnxWindow::create(backend, file, steps));
  Contenders contenders{std::move(stream), std::move(window), std::move(onnx)};
  contenders.onnx.set(rows, features);
  OC_TRY(const double off, compare(contenders, rows, features));

  Samples step;
  Samples whole;
  Samples runtime;
  for (int turn = 0; turn < turns; ++turn) {
    const double begin = cpu_us();
    for (int i = 0; i < kStepsATurn; ++i) (void)contenders.stream.push(std::span(rows).first(features));
    const double stepped = cpu_us();
    OC_TRY([[maybe_unused]] const auto logits, contenders.window.run(rows, infer::TcnOutput::every_step));
    const double windowed = cpu_us();
    OC_TRY_STATUS(contenders.onnx.run());
    runtime.add(cpu_us() - windowed);
    step.add((stepped - begin) / kStepsATurn);
    whole.add(windowed - stepped);
  }
  std::printf("%-28s %5zu %8.2f %8.1f %8.1f %13.1f %14.2f %10.1e\n", name.c_str(), steps, step.median(), whole.median(),
              runtime.median(), whole.median() / step.median(), runtime.median() / whole.median(), off);
  if (off > kMostOff) return base::Error(base::Code::internal, name + ": the logits differ by more than 1e-5");
  return {};
}

base::Status run(const std::vector<std::string>& weights, int turns) {
  OC_TRY(const auto backend, infer::make_onnx_backend());
  std::printf("%s, one thread; microseconds of CPU time, medians of %d turns\n", backend->description().c_str(), turns);
  std::printf("%-28s %5s %8s %8s %8s %13s %14s %10s\n", "network", "sees", "step", "window", "onnx", "window / step",
              "onnx / window", "off");
  const std::vector<std::pair<std::string, infer::testing::TcnShape>> shapes{
      {"random, 32 wide, 4 blocks", {23, 6, 3, {32, 32, 32, 32}, {1, 2, 4, 9}}},
      {"random, 32 wide, 5 blocks", {23, 6, 3, {32, 32, 32, 32, 32}, {1, 2, 4, 8, 16}}},
      {"random, 64 wide, 5 blocks", {23, 6, 3, {64, 64, 64, 64, 64}, {1, 2, 4, 8, 16}}}};
  for (const auto& [name, shape] : shapes) {
    OC_TRY(const auto file, infer::Safetensors::parse(infer::testing::random_tcn(shape, 1), name));
    OC_TRY_STATUS(measure(*backend, name, file, turns));
  }
  for (const auto& path : weights) {
    OC_TRY(const auto file, infer::Safetensors::read(path));
    OC_TRY_STATUS(measure(*backend, std::filesystem::path(path).filename().string(), file, turns));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"What a step of the learned behaviour costs"};
  int turns = 400;
  std::vector<std::string> weights;
  program.add_option("--turns", turns, "measurements of each")->check(CLI::Range(1, 1'000'000));
  program.add_option("--weights", weights, "trained networks");
  CLI11_PARSE(program, argc, argv);
  if (const auto status = run(weights, turns); !status) {
    std::fprintf(stderr, "tcn_bench: %s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
