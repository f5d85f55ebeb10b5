#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/models_command.h"
#include "app/print.h"
#include "app/progress.h"
#include "base/processor.h"
#include "infer/model_store.h"
#include "infer/model_tuner.h"
#include "infer/quantized_model.h"
#include "infer/tuned_profile.h"

namespace ocelli::app {
namespace {

struct TuneOptions {
  std::string name;
  infer::ClipSamplerConfig pictures{.clips = {}, .frames = 100, .avoid = {}};
  std::vector<int> threads;
  double least_f1 = 0.985;
};

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::size_t count_pictures(const std::vector<infer::ClipSample>& samples) {
  std::size_t count = 0;
  for (const auto& sample : samples) count += sample.frames.size();
  return count;
}

/// The backends of this program; why it lacks others goes to `not_measured`.
base::Result<std::vector<infer::TuneBackend>> make_backends(std::vector<std::string>& not_measured) {
  OC_TRY(auto onnx, infer::make_onnx_backend());
  std::vector<infer::TuneBackend> backends{{infer::BackendKind::onnx_runtime, std::move(onnx)}};
  auto openvino = infer::make_openvino_backend();
  if (openvino) {
    backends.push_back({infer::BackendKind::openvino, *std::move(openvino)});
  } else {
    not_measured.push_back("openvino: " + openvino.error().message());
  }
  return backends;
}

void print_results(const infer::TuneReport& report) {
  print(stdout, "{:<12}  {:<9}  {:>7}  {:>9}  {:>9}  {:>6}  {:>6}  {:>11}\n", "BACKEND", "PRECISION", "THREADS",
        "MEDIAN", "P95", "SPEED", "F1", "SCORE DRIFT");
  for (const auto& result : report.results) {
    print(stdout, "{:<12}  {:<9}  {:>7}  {:>6.1f} ms  {:>6.1f} ms  {:>5.2f}x  {:>6.4f}  {:>11.4f}\n",
          infer::backend_name(result.backend), infer::precision_name(result.precision), result.threads,
          milliseconds(result.median), milliseconds(result.p95), result.speed, result.agreement.f1(),
          result.agreement.mean_score_drift());
  }
  for (const auto& line : report.not_measured) print(stdout, "not measured: {}\n", line);
}

infer::TunedProfile profile_of(const infer::ModelCard& card, const infer::TuneResult& best,
                               const infer::TuneReport& report, double least_f1) {
  return {.model = card.name,
          .card_version = card.version,
          .source_sha256 = card.sha256,
          .weights_sha256 = best.weights_sha256,
          .processor = base::processor_name(),
          .runtime = best.runtime,
          .backend = best.backend,
          .precision = best.precision,
          .threads = best.threads,
          .run_ms = milliseconds(best.median),
          .speed = best.speed,
          .f1 = best.agreement.f1(),
          .score_drift = best.agreement.mean_score_drift(),
          .least_f1 = least_f1,
          .judged_on = report.judged_on};
}

/// The clip that int8 weights were calibrated on, if pictures of it are judged: neighbours of what was seen already.
void warn_of_calibration_clips(const std::vector<infer::ClipSample>& calibration,
                               const std::vector<infer::ClipSample>& judged) {
  for (const auto& sample : judged) {
    const bool known = std::any_of(calibration.begin(), calibration.end(),
                                   [&](const infer::ClipSample& other) { return other.sha256 == sample.sha256; });
    if (!known) continue;
    print(stdout, "note: int8 was calibrated on other pictures of {}, which flatters it: judge it on another clip\n",
          sample.clip);
  }
}

base::Status tune(const TuneOptions& options, const infer::ModelStore& store, const infer::ModelCard& card,
                  const std::vector<infer::ClipSample>& calibration, infer::ClipSampler& pictures,
                  const CommandContext& context) {
  std::vector<std::string> absent;
  OC_TRY(const auto backends, make_backends(absent));
  Progress bar(card.name, "pictures", Progress::style_of_stderr(), context.clock);
  const int planned = pictures.planned_frames();
  const auto show = [&](int done) { bar.update(done, static_cast<double>(done) / planned); };
  OC_TRY(auto report, infer::tune_model(store, card, backends, options.threads, pictures, show, context.stop));
  report.not_measured.insert(report.not_measured.end(), absent.begin(), absent.end());

  print(stdout, "{} on {}: {} pictures, none of them used for calibration; all ways in turns\n", card.name,
        base::processor_name(), count_pictures(report.judged_on));
  print_results(report);
  warn_of_calibration_clips(calibration, report.judged_on);
  const auto profile = profile_of(card, infer::best_result(report.results, options.least_f1), report, options.least_f1);
  OC_TRY_STATUS(infer::save_tuned_profile(store, card, profile));
  print(stdout, "\nFastest with F1 of {} or better: {} {}, threads {}. To use it: --precision auto\n{}\n",
        options.least_f1, infer::backend_name(profile.backend), infer::precision_name(profile.precision),
        profile.threads, infer::tuned_profile_path(store, card));
  return {};
}

base::Status run(const TuneOptions& options, CommandContext& context) {
  OC_TRY(const auto store, infer::ModelStore::open({}));
  OC_TRY(const auto card, store.card(options.name));
  infer::ClipSamplerConfig config = options.pictures;
  if (const auto quantized = infer::load_quantized_model(store, card)) config.avoid = quantized->calibration;
  auto pictures = infer::ClipSampler::create(config, context.clock, context.stop);
  if (!pictures) {
    fail(context, ExitCode::input, pictures.error());
    return {};
  }
  return tune(options, store, card, config.avoid, *pictures, context);
}

}  // namespace

void add_tune_command(CLI::App& models, CommandContext& context) {
  auto* command = models.add_subcommand("tune", "Find the fastest way to run a model on this machine");
  auto options = std::make_shared<TuneOptions>();  // co-owned by the callback
  options->threads = {1};
  if (infer::default_intra_op_threads() > 1) options->threads.push_back(infer::default_intra_op_threads());
  command->add_option("NAME", options->name, "Model")->required();
  command->add_option("--on", options->pictures.clips, "Clips and photos like what your cameras see")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--frames", options->pictures.frames, "Pictures to measure with, spread over all clips")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--min-f1", options->least_f1, "Least agreement of boxes with fp32")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads of one run that are tried")
      ->delimiter(',')
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->footer(
      "Measures every backend, precision and number of threads that this machine has, and how far its boxes agree\n"
      "with fp32 (IoU 0.5 or better). What is fastest and agrees well enough is kept in the model store and used by\n"
      "`ocelli analyze` and `ocelli serve` with precision auto. Give it other clips than `ocelli models quantize`.\n\n"
      "  ocelli models tune yolov8n --on street.mp4 yard.mp4\n"
      "  ocelli analyze street.mp4 --precision auto");
  command->callback([options, &context] { finish_models_command(context, run(*options, context)); });
}

}  // namespace ocelli::app
