#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/models_command.h"
#include "app/print.h"
#include "app/progress.h"
#include "infer/backend.h"
#include "infer/model_quantizer.h"
#include "infer/model_store.h"

namespace ocelli::app {
namespace {

struct QuantizeOptions {
  std::string name;
  infer::ClipSamplerConfig calibration;
};

/// Shows on standard error how it goes on: a line per step, and a bar where a step counts.
class StepDisplay {
 public:
  StepDisplay(std::string name, base::Clock& clock) : name_(std::move(name)), clock_(clock) {}

  void show(const infer::QuantizeProgress& progress) {
    if (progress.step != step_) {
      bar_.reset();
      print(stderr, "{}: {}\n", name_, progress.step);
      step_ = progress.step;
    }
    if (progress.total == 0) return;
    if (!bar_) bar_.emplace(name_, "pictures", Progress::style_of_stderr(), clock_);
    bar_->update(progress.done, static_cast<double>(progress.done) / progress.total);
  }

 private:
  const std::string name_;
  base::Clock& clock_;
  std::string step_;
  std::optional<Progress> bar_;
};

base::Status quantize(const QuantizeOptions& options, infer::ClipSampler& calibration, const CommandContext& context) {
  OC_TRY(const auto store, infer::ModelStore::open({}));
  OC_TRY(const auto card, store.card(options.name));
  OC_TRY(const auto backend, infer::make_onnx_backend());
  StepDisplay display(card.name, context.clock);
  const auto show = [&](const infer::QuantizeProgress& progress) { display.show(progress); };
  OC_TRY(const auto quantized, infer::quantize_model(store, card, calibration, *backend, show, context.stop));
  std::size_t pictures = 0;
  for (const auto& sample : quantized.calibration) pictures += sample.frames.size();
  print(stdout, "{}\n", store.weights_path(quantized.sha256));
  print(stdout, "{}: int8 weights, calibrated on {} pictures. To use them: --precision int8\n", card.name, pictures);
  return {};
}

void run_quantize(const QuantizeOptions& options, CommandContext& context) {
  auto calibration = infer::ClipSampler::create(options.calibration, context.clock, context.stop);
  if (!calibration) return fail(context, ExitCode::input, calibration.error());
  finish_models_command(context, quantize(options, *calibration, context));
}

}  // namespace

void add_quantize_command(CLI::App& models, CommandContext& context) {
  auto* command = models.add_subcommand("quantize", "Make int8 weights, which run faster, from a model's own");
  auto options = std::make_shared<QuantizeOptions>();  // co-owned by the callback
  command->add_option("NAME", options->name, "Model")->required();
  command->add_option("--on", options->calibration.clips, "Clips and photos like what your cameras see")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--frames", options->calibration.frames, "Pictures to calibrate with, spread over all clips")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->footer(
      "Needs Python and, the first time, the network: 60 MB of pinned packages for a throwaway environment.\n"
      "The weights stay on this machine, beside those they were made from. What has been quantized before is "
      "replaced.\n\n"
      "  ocelli models quantize yolov8n --on day.mp4 night.mp4\n"
      "  ocelli analyze street.mp4 --precision int8");
  command->callback([options, &context] { run_quantize(*options, context); });
}

}  // namespace ocelli::app
