#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/analysis.h"
#include "app/atomic_file.h"
#include "app/command.h"
#include "app/input_list.h"
#include "app/picture_tasks.h"
#include "app/precision_option.h"
#include "app/print.h"
#include "app/summary.h"
#include "base/suggest.h"
#include "config/site_config.h"
#include "store/event_store.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

struct AnalyzeOptions {
  std::vector<std::string> inputs;
  std::string folder = "ocelli-out";
  std::string config_file;
  std::string camera;
  std::vector<std::string> classes;
  std::optional<double> fps;
  std::string from;
  std::string to;
  bool annotate = false;
  std::vector<std::string> formats{"jsonl", "mot"};
  std::string task = "detect";
  std::string model;
  std::optional<float> score;
  std::optional<int> threads;
  std::string precision;
  std::string trace_file;
  std::string recording;
  std::uint64_t recording_mib = 10'240;
  std::string store_file;
  bool quiet = false;
};

/// "90", "1:30", "1:02:03.5": seconds, or [hours:]minutes:seconds.
base::Result<media::MediaTime> parse_time(const std::string& text, const std::string& option) {
  double seconds = 0;
  std::size_t begin = 0;
  int parts = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    std::size_t read = 0;
    double value = -1;
    try {
      value = std::stod(part, &read);
    } catch (const std::exception&) {
      read = 0;
    }
    if (read == 0 || read != part.size() || !(value >= 0 && value < 1e6) || ++parts > 3) {
      return Error(Code::invalid, option + " wants a time such as 90, 1:30 or 1:02:03.5, not '" + text + "'");
    }
    seconds = seconds * 60 + value;
    begin = end + 1;
  }
  return media::from_seconds(seconds);
}

/// Short name of an input for folders and events: the file's stem, or the URL's last part.
std::string short_name(const std::string& input) {
  const std::string clean = media::redact_url(input);
  std::string name = std::filesystem::path(clean.substr(0, clean.find_first_of('?'))).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return name.empty() ? "input" : name;
}

base::Result<config::SiteConfig> load_config(const AnalyzeOptions& options) {
  config::SiteConfig site;
  if (options.config_file.empty()) {
    std::vector<base::YamlProblem> problems;
    site = config::load_site_config("", "environment", config::process_environment(), problems);
    if (!problems.empty()) return base::yaml_error(problems);
  } else {
    OC_TRY(site, config::load_site_config_file(options.config_file, config::process_environment()));
  }
  if (!options.model.empty()) site.model.name = options.model;
  if (options.score) site.model.score = *options.score;
  if (options.threads) site.model.intra_op_threads = *options.threads;
  if (!options.precision.empty()) site.model.precision = precision_choice(options.precision);
  return site;
}

/// The camera whose rules apply: the named one, or the only one.
base::Result<engine::StreamConfig> choose_camera(const config::SiteConfig& site, const AnalyzeOptions& options) {
  engine::StreamConfig stream;
  stream.tracker = site.tracker;
  if (options.camera.empty()) {
    if (site.cameras.size() == 1) return site.cameras.front();
    if (site.cameras.empty()) return stream;
    return Error(Code::invalid, options.config_file + " has " + std::to_string(site.cameras.size()) +
                                    " cameras; say with --camera whose rules apply");
  }
  std::vector<std::string> names;
  for (const auto& camera : site.cameras) {
    if (camera.name == options.camera) return camera;
    names.push_back(camera.name);
  }
  return Error(Code::not_found,
               "no camera '" + options.camera + "' in the configuration" + base::did_you_mean(options.camera, names));
}

base::Result<engine::StreamConfig> make_stream(const config::SiteConfig& site, const AnalyzeOptions& options) {
  OC_TRY(auto stream, choose_camera(site, options));
  stream.pace = engine::Pace::as_fast_as_possible;
  stream.loop = false;
  stream.reconnect = false;
  if (!options.classes.empty()) stream.labels = options.classes;
  if (options.fps) stream.max_fps = *options.fps;
  if (!options.from.empty()) {
    OC_TRY(stream.from, parse_time(options.from, "--from"));
  }
  if (!options.to.empty()) {
    OC_TRY(stream.to, parse_time(options.to, "--to"));
  }
  if (stream.from && stream.to && *stream.from >= *stream.to) {
    return Error(Code::invalid, "--from must be before --to");
  }
  return stream;
}

/// `name`, or with the first number behind it that makes it a new one; several inputs may have one name.
std::string unused(const std::string& name, std::set<std::string>& used) {
  std::string candidate = name;
  for (int number = 2; !used.insert(candidate).second; ++number) candidate = name + "-" + std::to_string(number);
  return candidate;
}

/// One configuration per input, each with a folder of its own when there are several.
std::vector<AnalysisConfig> plan(const std::vector<std::string>& inputs, const engine::StreamConfig& stream,
                                 const config::ModelConfig& model, const AnalyzeOptions& options) {
  std::vector<AnalysisConfig> analyses;
  std::set<std::string> used;
  for (const auto& input : inputs) {
    AnalysisConfig analysis;
    analysis.stream = stream;
    analysis.stream.source.url = input;
    const std::string name = unused(short_name(input), used);
    if (analysis.stream.name.empty()) analysis.stream.name = name;
    analysis.folder = inputs.size() == 1 ? options.folder : options.folder + "/" + name;
    analysis.formats.clear();
    for (const auto& format : options.formats) {
      analysis.formats.insert(format == "jsonl" ? ResultFormat::jsonl
                              : format == "mot" ? ResultFormat::mot
                                                : ResultFormat::coco);
    }
    if (!options.recording.empty()) {
      analysis.recording = inputs.size() == 1 ? options.recording : options.recording + "/" + name;
      analysis.most_recorded_bytes = options.recording_mib << 20U;
      analysis.model = model;
    }
    if (options.annotate) analysis.pictures = AnalysisConfig::Pictures::annotated;
    analysis.progress = options.quiet ? Progress::Style::none : Progress::style_of_stderr();
    analyses.push_back(std::move(analysis));
  }
  return analyses;
}

/// Results of an earlier analysis are removed before a new one begins; what is to be analysed must not be among them.
base::Status check_inputs_are_no_results(const std::vector<AnalysisConfig>& analyses) {
  std::error_code ignored;
  std::set<std::filesystem::path> results;
  for (const auto& analysis : analyses) {
    const auto folder = std::filesystem::weakly_canonical(analysis.folder, ignored);
    for (const auto name : kResultNames) results.insert(folder / name);
  }
  for (const auto& analysis : analyses) {
    const std::string& input = analysis.stream.source.url;
    if (results.contains(std::filesystem::weakly_canonical(input, ignored))) {
      return Error(Code::invalid, input + " would be replaced by a result; choose another folder with -o");
    }
  }
  return {};
}

/// Told before hours of work rather than after them.
base::Status check_trace_file(const std::string& path) {
  if (path.empty()) return {};
  std::error_code ignored;
  const bool existed = std::filesystem::exists(path, ignored);
  std::FILE* file = std::fopen(path.c_str(), "ab");
  if (file == nullptr) {
    return Error(Code::unavailable,
                 "cannot write " + path + ": " + std::strerror(errno) + "; name another file with --trace");
  }
  std::fclose(file);
  if (!existed) std::filesystem::remove(path, ignored);
  return {};
}

/// A recording is never mixed with another one, or with something else.
base::Status check_recording_folders(const std::vector<AnalysisConfig>& analyses) {
  for (const auto& analysis : analyses) {
    std::error_code ignored;
    const std::string& folder = analysis.recording;
    if (folder.empty() || !std::filesystem::exists(folder, ignored) || std::filesystem::is_empty(folder, ignored))
      continue;
    return Error(Code::exhausted, folder + " is not empty; name another folder with --record, or remove it");
  }
  return {};
}

void report_outcome(const AnalysisConfig& analysis, const AnalysisReport& report, const AnalyzeOptions& options,
                    CommandContext& context) {
  if (!options.quiet) print(stdout, "{}", describe(analysis, report));
  if (report.input) return;
  if (report.input.error().code() == Code::cancelled) {
    print(stderr, "ocelli: interrupted; what was found until {} is saved in {}\n",
          format_duration(std::chrono::duration_cast<std::chrono::seconds>(report.status.position.time_since_epoch())),
          analysis.folder);
    context.exit_code = ExitCode::interrupted;
    return;
  }
  print(stderr, "ocelli: {}\n", report.input.error().message());
  remember(context, report.input.error().code() == Code::internal ? ExitCode::failed : ExitCode::input);
}

/// False: the others need not be tried.
bool run_one(const AnalysisConfig& analysis, const AnalysisServices& services, const AnalyzeOptions& options,
             CommandContext& context) {
  const auto report = analyse(analysis, services, context.stop);
  if (!report) {
    const Code code = report.error().code();
    print(stderr, "ocelli: {}\n", report.error().message());
    const bool cannot_write = code == Code::unavailable || code == Code::exhausted;
    remember(context, cannot_write ? ExitCode::output : ExitCode::failed);
    return !cannot_write;
  }
  report_outcome(analysis, *report, options, context);
  return context.exit_code != ExitCode::interrupted;
}

/// Inputs that cannot even be opened are told before anything is loaded or created.
bool can_open(const std::string& input, CommandContext& context) {
  const auto source = media::Source::open({input}, context.clock, context.stop);
  if (source) return true;
  if (source.error().code() == Code::cancelled) {
    context.exit_code = ExitCode::interrupted;
    return false;
  }
  print(stderr, "ocelli: {}\n", source.error().message());
  remember(context, ExitCode::input);
  return false;
}

base::Status check_writable(const AnalyzeOptions& options) {
  OC_TRY_STATUS(check_output_folder(options.folder));
  return check_trace_file(options.trace_file);
}

/// What the user asked for and did not get, said before the work begins.
void report_fallbacks(const infer::LoadedModel& model) {
  if (const auto& reason = model.deployment.fallback_reason; !reason.empty()) {
    print(stderr, "ocelli: precision auto is fp32: {}\n", reason);
  }
  if (const auto use = model.session->provider(); !use.reason.empty()) {
    print(stderr, "ocelli: the model runs on the processor: {}\n", use.reason);
  }
}

/// Null when none is wanted. What it keeps is bounded by what is analysed.
base::Result<std::unique_ptr<store::EventStore>> open_store(const AnalyzeOptions& options, base::Metrics& metrics,
                                                            CommandContext& context) {
  if (options.store_file.empty()) return nullptr;
  store::StoreConfig config;
  config.path = options.store_file;
  config.keep_days = 0;
  config.max_mib = 0;
  return store::EventStore::start(config, {context.clock, base::Logger::null(), metrics});
}

/// All must be on the disk before the command says that it is done.
void finish_store(store::EventStore* store, CommandContext& context) {
  if (store == nullptr) return;
  store->finish_tracks();
  if (auto status = store->flush(); !status) {
    print(stderr, "ocelli: events could not be stored: {}\n", status.error().message());
    remember(context, ExitCode::output);
  }
}

void run_all(const std::vector<AnalysisConfig>& analyses, const infer::LoadedModel& model,
             const AnalyzeOptions& options, CommandContext& context) {
  base::Executor workers("worker", std::max(1U, std::thread::hardware_concurrency()));
  std::optional<base::Tracer> tracer;
  if (!options.trace_file.empty()) tracer.emplace();
  base::Metrics store_metrics;
  const auto store = open_store(options, store_metrics, context);
  if (!store) return fail(context, ExitCode::output, store.error());
  const AnalysisServices services{context.clock, workers,     base::Logger::null(), tracer ? &*tracer : nullptr,
                                  model,         store->get()};
  for (const auto& analysis : analyses) {
    if (analyses.size() > 1 && !can_open(analysis.stream.source.url, context)) continue;
    if (!run_one(analysis, services, options, context)) break;
  }
  finish_store(store->get(), context);
  if (!tracer) return;
  if (auto status = tracer->write(options.trace_file); !status) {
    print(stderr, "ocelli: {}\n", status.error().message());
    remember(context, ExitCode::output);
  }
}

void run_detection(const std::vector<std::string>& inputs, const engine::StreamConfig& stream,
                   const config::ModelConfig& model_config, const AnalyzeOptions& options, CommandContext& context) {
  const auto analyses = plan(inputs, stream, model_config, options);
  if (auto status = check_inputs_are_no_results(analyses); !status) {
    return fail(context, ExitCode::usage, status.error());
  }
  if (auto status = check_writable(options); !status) return fail(context, ExitCode::output, status.error());
  if (auto status = check_recording_folders(analyses); !status) return fail(context, ExitCode::output, status.error());
  const auto model = load_model(model_config, infer::Task::detection);
  if (!model) return fail(context, ExitCode::model, model.error());
  if (!options.quiet) report_fallbacks(*model);
  if (auto status = engine::check_labels(stream, model->card.labels); !status) {
    return fail(context, ExitCode::usage, status.error());
  }
  run_all(analyses, *model, options, context);
}

void run_analyze(const AnalyzeOptions& options, const CLI::App& command, CommandContext& context) {
  if (auto status = check_task_options(command, options.task); !status) {
    return fail(context, ExitCode::usage, status.error());
  }
  const auto inputs = list_inputs(options.inputs);
  if (!inputs) return fail(context, ExitCode::input, inputs.error());
  const auto site = load_config(options);
  if (!site) return fail(context, ExitCode::usage, site.error());
  const auto stream = make_stream(*site, options);
  if (!stream) return fail(context, ExitCode::usage, stream.error());
  if (inputs->size() == 1 && !can_open(inputs->front(), context)) return;
  if (options.task == "detect") return run_detection(*inputs, *stream, site->model, options, context);
  run_picture_task({.name = options.task,
                    .inputs = *inputs,
                    .folder = options.folder,
                    .range = {.max_fps = options.fps, .from = stream->from, .to = stream->to},
                    .model = site->model,
                    .model_chosen = !options.model.empty(),
                    .classes = options.classes,
                    .quiet = options.quiet},
                   context);
}

}  // namespace

void add_analyze_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<AnalyzeOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("analyze", "Analyse video files, photos or URLs and write what happened");
  command->add_option("INPUT", options->inputs, "Files, folders, quoted patterns, or http(s):// and rtsp:// URLs")
      ->required();
  command
      ->add_option(
          "--task", options->task,
          "detect: objects, followed; classify: what a picture shows as a whole; ocr: the text in it; reid: its "
          "embedding; inspect: objects, each classified and read")
      ->check(CLI::IsMember({"detect", "classify", "ocr", "reid", "inspect"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->folder, "Folder for the results; several inputs get a folder each in it")
      ->capture_default_str();
  command->add_option("-c,--config", options->config_file, "Site configuration with zones, lines and settings")
      ->check(CLI::ExistingFile);
  command->add_option("--camera", options->camera, "Camera of the configuration whose rules apply");
  command->add_option("--classes", options->classes, "Only these classes, e.g. person,car")->delimiter(',');
  command->add_option("--fps", options->fps, "Analyse at most this many frames per second of video")
      ->check(CLI::Range(0.01, 1000.0));
  command->add_option("--from", options->from, "Begin here: seconds, or 1:30, or 1:02:03.5");
  command->add_option("--to", options->to, "End here");
  command->add_flag("--annotate", options->annotate, "Also write annotated.mp4 (a photo: .jpg) and contact-sheet.jpg");
  command->add_option("--format", options->formats, "Result files: jsonl (events), mot (tracks), coco (tracks)")
      ->delimiter(',')
      ->check(CLI::IsMember({"jsonl", "mot", "coco"}))
      ->capture_default_str();
  command->add_option("--model", options->model, "Model card to use (see: ocelli models list)");
  command->add_option("--score", options->score, "Least score of a detection, 0..1")->check(CLI::Range(0.01, 1.0));
  command->add_option("--threads", options->threads, "Threads of one model run")->check(CLI::Range(1, 256));
  add_precision_option(*command, options->precision);
  command->add_option(
      "--record", options->recording,
      "Folder for a recording of the run, which `ocelli replay` judges again; several inputs get a folder "
      "each in it");
  command->add_option("--record-mib", options->recording_mib, "Bound on each recording, in MiB; then it ends")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--store", options->store_file,
                      "Also store events and tracks in this file, for `ocelli events` and `ocelli why`");
  command->add_option("--trace", options->trace_file, "Write a timeline of all steps for Perfetto or chrome://tracing");
  command->add_flag("-q,--quiet", options->quiet, "No progress, no summary: only errors");
  command->footer(
      "Writes events.jsonl (CloudEvents), tracks.csv (MOT format) and summary.json. Files appear under their names "
      "when\n"
      "they are complete; ctrl-C saves what was found so far. Event times are the recording's own (from its metadata), "
      "or\n"
      "count from 1970-01-01T00:00:00Z when it has none, so that the same input always gives the same bytes.\n"
      "--task classify writes classes.jsonl instead, a line per frame with its most probable classes; its model is\n"
      "mobilenet_v2 unless --model names another one. --task ocr writes lines.jsonl: the lines of text of each frame "
      "in\n"
      "reading order, each with its score and its four corners; pull ppocr_v6_detection, ppocr_v2_direction and\n"
      "ppocr_v6_recognition for it. --task inspect writes inspect.jsonl: the objects of each frame that --model finds\n"
      "(of --classes only), each with its box, what mobilenet_v2 takes it for, and the text on it. --task reid writes\n"
      "embeddings.jsonl: what person_reid_0287, or the --model named, makes of each frame as a whole.\n\n"
      "  ocelli analyze street.mp4 --classes person,bicycle --annotate -o out\n"
      "  ocelli analyze 'archive/*.mp4' -c site.yaml --camera gate --from 1:30 --to 5:00\n"
      "  ocelli analyze --task classify photos/ -o out\n"
      "  ocelli analyze --task ocr sign.jpg plates/ -o out\n"
      "  ocelli analyze --task inspect --classes bottle,cup line.jpg -o out");
  command->callback([options, command, &context] { run_analyze(*options, *command, context); });
}

}  // namespace ocelli::app
