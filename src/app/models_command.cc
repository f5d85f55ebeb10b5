#include "app/models_command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.h"
#include "app/model_candidate.h"
#include "app/precision_option.h"
#include "app/print.h"
#include "app/progress.h"
#include "infer/backend.h"
#include "infer/model_fetcher.h"
#include "infer/model_store.h"
#include "infer/quantized_model.h"
#include "infer/session_bench.h"
#include "infer/tuned_profile.h"

namespace ocelli::app {
namespace {

using base::Code;
using infer::ModelCard;
using infer::ModelStore;

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// --- list ---

std::string size_column(const ModelStore& store, const ModelCard& card) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(store.path_of(card), error);
  return error ? megabytes(card.checkpoint_bytes) + " to pull" : megabytes(bytes);
}

std::string precision_column(const ModelStore& store, const ModelCard& card) {
  if (!store.present(card)) return "-";
  std::string column = infer::load_quantized_model(store, card) ? "fp32, int8" : "fp32";
  if (infer::load_tuned_profile(store, card)) column += ", auto";
  return column;
}

base::Status list_models() {
  OC_TRY(const auto store, ModelStore::open({}));
  OC_TRY(const auto cards, store.list());
  std::size_t name_width = 4;
  std::size_t licence_width = 7;
  for (const auto& card : cards) {
    name_width = std::max(name_width, card.name.size());
    licence_width = std::max(licence_width, card.licence.size());
  }
  print(stdout, "{:<{}}  {:<7}  {:<16}  {:<{}}  {:<16}  {}\n", "NAME", name_width, "STATE", "PRECISION", "LICENCE",
        licence_width, "SIZE", "DESCRIPTION");
  for (const auto& card : cards) {
    print(stdout, "{:<{}}  {:<7}  {:<16}  {:<{}}  {:<16}  {}\n", card.name, name_width,
          store.present(card) ? "present" : "missing", precision_column(store, card), card.licence, licence_width,
          size_column(store, card), card.description);
  }
  print(stdout, "\nStore: {}\n", store.folder());
  print(stdout, "Runs as fp32, the weights as published, unless --precision or model.precision says otherwise.\n");
  return {};
}

// --- pull ---

/// Shows on standard error how a pull goes on: a line per step, and a bar where the size of a download is known.
class PullDisplay {
 public:
  PullDisplay(std::string name, base::Clock& clock) : name_(std::move(name)), clock_(clock) {}

  void show(const infer::FetchProgress& progress) {
    if (progress.step != step_ || progress.total_bytes == 0) bar_.reset();
    if (progress.step != step_) print(stderr, "{}: {}\n", name_, progress.step);
    step_ = progress.step;
    if (progress.total_bytes == 0) return;
    if (!bar_) bar_.emplace(name_, "kB", Progress::style_of_stderr(), clock_);
    const auto done = static_cast<double>(progress.done_bytes);
    bar_->update(done / 1e3, done / static_cast<double>(progress.total_bytes));
  }

 private:
  const std::string name_;
  base::Clock& clock_;
  std::string step_;
  std::optional<Progress> bar_;
};

struct PullOptions {
  std::vector<std::string> names;
  infer::FetchConfig fetch;
};

base::Status pull_models(const PullOptions& options, const CommandContext& context) {
  OC_TRY(const auto store, ModelStore::open({}));
  for (const auto& name : options.names) {
    OC_TRY(const auto card, store.card(name));
    print(stderr, "{} {}: licence {}, {}\n", card.name, card.version, card.licence, card.licence_url);
    PullDisplay display(name, context.clock);
    const auto show = [&](const infer::FetchProgress& progress) { display.show(progress); };
    OC_TRY_STATUS(infer::fetch_model(store, card, options.fetch, show, context.stop));
    print(stdout, "{}\n", store.path_of(card));
  }
  return {};
}

// --- verify ---

base::Status verify_models(const std::vector<std::string>& names) {
  OC_TRY(const auto store, ModelStore::open({}));
  std::vector<ModelCard> cards;
  for (const auto& name : names) {
    OC_TRY(auto card, store.card(name));
    cards.push_back(std::move(card));
  }
  if (names.empty()) {
    OC_TRY(cards, store.list());
    std::erase_if(cards, [&](const auto& card) { return !store.present(card); });
    if (cards.empty()) print(stdout, "no weights in {}\n", store.folder());
  }
  for (const auto& card : cards) {
    OC_TRY_STATUS(store.verify(card));
    print(stdout, "{}: intact, {}\n", card.name, store.path_of(card));
    const auto quantized = infer::verify_quantized_model(store, card);
    if (!quantized && quantized.error().code() == Code::not_found) continue;
    if (!quantized) return quantized.error();
    print(stdout, "{} int8: intact, {}\n", card.name, store.weights_path(quantized->sha256));
  }
  return {};
}

// --- bench ---

struct BenchOptions {
  std::string name;
  infer::SessionBenchConfig bench{.max_threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))};
};

void print_latencies(const std::vector<infer::SessionLatency>& latencies) {
  print(stdout, "{:>7}  {:>12}  {:>9}  {:>16}\n", "threads", "ms per frame", "p95 ms", "core-ms a frame");
  for (const auto& row : latencies) {
    print(stdout, "{:>7}  {:>12.2f}  {:>9.2f}  {:>16.2f}\n", row.threads, milliseconds(row.median),
          milliseconds(row.p95), milliseconds(row.median) * row.threads);
  }
  const auto fastest = std::min_element(latencies.begin(), latencies.end(),
                                        [](const auto& a, const auto& b) { return a.median < b.median; });
  const auto thriftiest = std::min_element(latencies.begin(), latencies.end(), [](const auto& a, const auto& b) {
    return a.median * a.threads < b.median * b.threads;
  });
  print(stdout, "Soonest done with {} thread{}; most frames from all cores with {} thread{} a frame.\n",
        fastest->threads, fastest->threads == 1 ? "" : "s", thriftiest->threads, thriftiest->threads == 1 ? "" : "s");
}

base::Status bench_model(const BenchOptions& options, const CommandContext& context) {
  OC_TRY(const auto store, ModelStore::open({}));
  OC_TRY(const auto card, store.card(options.name));
  OC_TRY_STATUS(store.verify(card));
  OC_TRY(const auto backend, infer::make_onnx_backend());
  print(stdout, "{} on {}: median of {} runs, all thread counts in turns\n", card.name, backend->description(),
        options.bench.runs);
  std::fflush(stdout);
  OC_TRY(const auto latencies,
         infer::bench_session(*backend, store.path_of(card), options.bench, context.clock, context.stop));
  print_latencies(latencies);
  return {};
}

// --- wiring ---

void add_pull(CLI::App& models, CommandContext& context) {
  auto* command = models.add_subcommand("pull", "Bring the weights of models to this machine");
  auto options = std::make_shared<PullOptions>();  // co-owned by the callback
  command->add_option("NAME", options->names, "Models, as `ocelli models list` names them")->required();
  command
      ->add_option("--from", options->fetch.mirror_folder,
                   "Take the weights from this folder: NAME.onnx, SHA256.onnx or the checkpoint")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--accept-licence", options->fetch.accept_licence, "I have read the model's licence and agree")
      ->envname("OCELLI_ACCEPT_LICENCE");
  command->callback([options, &context] { finish_models_command(context, pull_models(*options, context)); });
}

void add_verify(CLI::App& models, CommandContext& context) {
  auto* command = models.add_subcommand("verify", "Compare weights on this machine with their hashes");
  auto names = std::make_shared<std::vector<std::string>>();  // co-owned by the callback
  command->add_option("NAME", *names, "Models; without any, all that are here");
  command->callback([names, &context] { finish_models_command(context, verify_models(*names)); });
}

void add_bench(CLI::App& models, CommandContext& context) {
  auto* command = models.add_subcommand("bench", "Measure how long one frame takes, by number of threads");
  auto options = std::make_shared<BenchOptions>();  // co-owned by the callback
  command->add_option("NAME", options->name, "Model")->required();
  command->add_option("--runs", options->bench.runs, "Measured runs per number of threads")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--max-threads", options->bench.max_threads, "Measure 1 to this many threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->callback([options, &context] { finish_models_command(context, bench_model(*options, context)); });
}

void add_try(CLI::App& models, CommandContext& context) {
  struct Options {
    config::ModelConfig model;
    std::string precision = "fp32";
    std::vector<std::string> pictures;
    int memory_mib = 0;
  };
  auto* command = models.add_subcommand("try", "Load a detector and run it on pictures: whether it could serve");
  auto options = std::make_shared<Options>();  // co-owned by the callback
  command->add_option("NAME", options->model.name, "Model")->required();
  command->add_option("PICTURE", options->pictures, "Pictures to run it on")->check(CLI::ExistingFile);
  command->add_option("--cards", options->model.cards, "Folder of model cards");
  command->add_option("--store", options->model.store, "Folder of weights");
  add_precision_option(*command, options->precision);
  command
      ->add_option("--memory-mib", options->memory_mib,
                   "Memory it gets; 0: 1024 and eight times its weights, at most half of the machine's")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->footer(
      "A server does this in a process of its own with each model that is published to it, since a bad one\n"
      "may end the process that loads it.\n\n"
      "  ocelli models try yolov8n photo.jpg");
  command->callback([options, &context] {
    options->model.precision = precision_choice(options->precision);
    finish_models_command(
        context, try_detector(options->model, options->pictures, options->memory_mib, context.clock, context.stop));
  });
}

ExitCode exit_code_of(const base::Error& error) {
  switch (error.code()) {
    case Code::cancelled:
      return ExitCode::interrupted;
    case Code::invalid:
      return ExitCode::usage;
    case Code::exhausted:
      return ExitCode::output;
    default:
      return ExitCode::model;
  }
}

}  // namespace

void finish_models_command(CommandContext& context, const base::Status& status) {
  if (!status) fail(context, exit_code_of(status.error()), status.error());
}

void add_models_command(CLI::App& app, CommandContext& context) {
  auto* models = app.add_subcommand("models", "List, pull, verify, try, measure, quantize and tune models");
  models->require_subcommand(1);
  models->add_subcommand("list", "All models: which are here, under which licence")->callback([&context] {
    finish_models_command(context, list_models());
  });
  add_pull(*models, context);
  add_verify(*models, context);
  add_bench(*models, context);
  add_try(*models, context);
  add_quantize_command(*models, context);
  add_tune_command(*models, context);
}

}  // namespace ocelli::app
