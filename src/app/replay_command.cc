#include "app/replay_command.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/model_setup.h"
#include "app/print.h"
#include "app/progress.h"
#include "app/record_setup.h"
#include "app/replay_report.h"
#include "app/replay_setup.h"
#include "app/result_files.h"
#include "infer/model_store.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

constexpr const char* kFooter =
    R"(REC is a folder that `ocelli analyze --record` wrote. Without --config the run is done again from its detections and
must give its events byte by byte; if it does not, the exit code is 1 and the first difference is told. With --config the recording is also judged by another configuration: other rules,
zones, thresholds or tracker settings need nothing but the recorded detections; another model looks at the
recorded pictures again, which may be slower than real time. --diff tells which events come and go, and why:
`-` is gone, `+` is new, `~` happens at another time.

  ocelli analyze yard.mp4 -c site.yaml --record yard.rec
  ocelli replay yard.rec
  ocelli replay yard.rec -c stricter.yaml --diff
  ocelli replay yard.rec -c stricter.yaml --diff --json -o out)";

struct ReplayOptions {
  std::string recording;
  std::string config_file;
  std::string camera;
  bool diff = false;
  bool redetect = false;
  double tolerance_s = 2;
  std::string folder;
  bool json = false;
  bool quiet = false;
};

/// The other configuration, ready to run. The model outlives the detector.
struct Other {
  config::EffectiveConfig config;
  engine::ReplayVariant variant;
  std::optional<infer::LoadedModel> model;
  std::unique_ptr<infer::Detector> detector;
  ReplayReport::Other report;
  engine::TrackNumbers tracks = engine::TrackNumbers::same;
};

/// How the video is reached and decoded: a recording has it already.
bool is_of_reading(const std::string& path) {
  static constexpr std::string_view kKeys[] = {
      "camera.timeout",    "camera.stall_after",   "camera.retry_within", "camera.decode",
      "camera.after_key",  "camera.decode_device", "camera.loop",         "camera.transport",
      "camera.tls_verify", "camera.tls_ca_file",   "camera.probe_bytes",  "camera.analyze_duration",
      "model.cards",       "model.store",          "model.threads",       "camera.picture_rate"};
  return std::find(std::begin(kKeys), std::end(kKeys), path) != std::end(kKeys);
}

bool begins_any(const std::vector<config::ChangedSetting>& changed, const std::string& prefix) {
  return std::any_of(changed.begin(), changed.end(),
                     [&](const auto& setting) { return setting.path.starts_with(prefix); });
}

std::optional<config::ChangedSetting> change_of(const std::vector<config::ChangedSetting>& changed,
                                                const std::string& path) {
  const auto found =
      std::find_if(changed.begin(), changed.end(), [&](const auto& setting) { return setting.path == path; });
  return found == changed.end() ? std::nullopt : std::optional(*found);
}

/// The score below which the other configuration's detector drops boxes.
base::Result<double> score_of(const config::ModelConfig& model) {
  if (model.score > 0) return static_cast<double>(model.score);
  OC_TRY(const auto store, infer::ModelStore::open({model.cards, model.store}));
  OC_TRY(const auto card, store.card(model.name));
  return static_cast<double>(card.thresholds.score);
}

/// Why the recorded detections are not those that the other configuration would have; empty: they are.
base::Result<std::string> reason_to_detect_again(Other& other, const engine::RecordingHeader& header,
                                                 const ReplayOptions& options) {
  const auto& changed = other.report.changed;
  if (options.redetect) return std::string("--redetect");
  for (const std::string key : {"model.name", "model.precision"}) {
    if (change_of(changed, key)) return "another " + key;
  }
  if (!change_of(changed, "model.score")) return std::string();
  OC_TRY(const double score, score_of(other.config.site.model));
  if (score < header.score) return fmt::format("score {} below the recorded {}", score, header.score);
  other.variant.least_score = score;
  return std::string();
}

base::Status load_detector(Other& other, const engine::RecordingHeader& header, const std::string& reason) {
  OC_TRY(other.model, load_model(other.config.site.model, infer::Task::detection));
  OC_TRY(other.detector, other.model->make_detector());
  other.variant.detector = other.detector.get();
  engine::RecordingHeader seen = header;
  seen.labels = other.detector->labels();
  seen.class_groups = other.detector->class_groups();
  OC_TRY(other.variant.scene, scene_of(seen, other.config.camera));
  other.report.reran =
      fmt::format("detection by {} on the recorded pictures ({}), tracker and rules", other.model->card.name, reason);
  other.report.notes.emplace_back("the model runs again, which may be slower than real time");
  return {};
}

/// More frames than were analysed cannot be had; fewer can.
void choose_rate(Other& other, const OpenRecording& recording) {
  if (!change_of(other.report.changed, "camera.fps")) return;
  const double before = recording.config.camera.max_fps;
  const double wanted = other.config.camera.max_fps;
  if (wanted > 0 && (before == 0 || wanted < before)) {
    other.variant.max_fps = wanted;
  } else {
    other.report.notes.push_back(fmt::format(
        "fps: only the frames that the run analysed are in the recording ({} per second of them wanted)", before));
  }
}

base::Result<std::unique_ptr<Other>> prepare(const OpenRecording& recording, const ReplayOptions& options) {
  auto other = std::make_unique<Other>();
  OC_TRY(other->config, load_other_config(options.config_file, options.camera, recording));
  other->report.changed = config::changed_settings(
      recording.settings, config::effective_settings(other->config.site, other->config.camera));
  std::erase_if(other->report.changed, [](const auto& setting) { return is_of_reading(setting.path); });
  const auto& header = recording.reader->header();
  OC_TRY(const auto reason, reason_to_detect_again(*other, header, options));
  if (reason.empty()) {
    OC_TRY(other->variant.scene, scene_of(header, other->config.camera));
    other->report.reran = "tracker and rules, on the recorded detections";
  } else {
    OC_TRY_STATUS(load_detector(*other, header, reason));
  }
  choose_rate(*other, recording);
  const auto& changed = other->report.changed;
  const bool same_tracks = reason.empty() && other->variant.least_score == 0 && other->variant.max_fps == 0 &&
                           !begins_any(changed, "tracker.") && !change_of(changed, "camera.classes");
  other->tracks = same_tracks ? engine::TrackNumbers::same : engine::TrackNumbers::other;
  return other;
}

/// What differs for a rule, in words: "min_stay 500ms → 10s", "a new rule".
std::string changes_of_rule(const std::vector<config::ChangedSetting>& changed, const std::string& rule) {
  std::string text;
  bool all_new = true;
  bool all_gone = true;
  for (const auto& [path, before, after] : changed) {
    const bool of_tracks = rule.empty() && (path.starts_with("tracker.") || path == "camera.classes");
    if (rule.empty() ? !of_tracks : rule_of(path) != rule) continue;
    const std::string key = path.substr(path.rfind('.') + 1);
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", key, before.empty() ? "absent" : before,
                        after.empty() ? "absent" : after);
    all_new = all_new && before.empty();
    all_gone = all_gone && after.empty();
  }
  if (text.empty() || rule.empty()) return text;
  return all_new ? "a new rule" : all_gone ? "the rule is gone" : text;
}

base::Status write_results(const ReplayOptions& options, const std::vector<events::Event>& events,
                           const ReplayReport& report) {
  if (options.folder.empty()) return {};
  OC_TRY_STATUS(ensure_output_folder(options.folder));
  OC_TRY(const auto file, EventFile::create(options.folder + "/events.jsonl"));
  for (const auto& event : events) OC_TRY_STATUS(file->accept(event));
  OC_TRY_STATUS(file->finish());
  OC_TRY(auto summary, AtomicFile::create(options.folder + "/replay.json"));
  OC_TRY_STATUS(summary.write(replay_json(report)));
  return summary.commit();
}

/// Why the recorded configuration does not give the recorded events, in one line.
Error unequal(const engine::ReplayDifference& difference, const engine::RecordingHeader& header) {
  const std::string other_program =
      header.program == program_version()
          ? ""
          : fmt::format(" (recorded by {}, this is {})", header.program, program_version());
  const auto shown = [](const std::string& event) { return event.empty() ? std::string("nothing") : event; };
  return {Code::internal, fmt::format("the replay is not equal to the run{}: event {} was {} and is {}", other_program,
                                      difference.event + 1, shown(difference.recorded), shown(difference.replayed))};
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code()) {
    case Code::cancelled:
      return ExitCode::interrupted;
    case Code::invalid:
      return ExitCode::usage;
    case Code::internal:
      return ExitCode::failed;
    default:
      return ExitCode::input;
  }
}

base::Result<engine::ReplayOutcome> run_variants(const OpenRecording& recording,
                                                 const std::vector<engine::ReplayVariant>& variants,
                                                 const ReplayOptions& options, const CommandContext& context) {
  Progress bar(recording.reader->header().camera, "frames",
               options.quiet || options.json ? Progress::Style::none : Progress::style_of_stderr(), context.clock);
  const engine::ReplayServices services{context.clock, context.stop, [&](std::uint64_t frames, media::MediaTime) {
                                          bar.update(static_cast<double>(frames), std::nullopt);
                                        }};
  return engine::replay(*recording.reader, variants, services);
}

void finish(const OpenRecording& recording, const ReplayOptions& options, engine::ReplayOutcome outcome, Other* other,
            ReplayReport report, CommandContext& context) {
  auto& run = outcome.runs.front();
  const auto difference = engine::first_difference(outcome.recorded, run);
  report.events = run.events.size();
  report.equal = outcome.recorded.is_comparable() && !difference;
  report.recorded = std::move(outcome.recorded);
  if (other != nullptr) {
    const auto& now = outcome.runs.back();
    other->report.events = now.events.size();
    other->report.frames_without_picture = now.frames_without_picture;
    if (now.frames_without_picture > 0) {
      other->report.notes.push_back(fmt::format("{} frames are left out: the recording does not hold their pictures",
                                                now.frames_without_picture));
    }
    if (options.diff) {
      const engine::DiffConfig config{
          std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double>(options.tolerance_s)),
          other->tracks, [&](const std::string& rule) { return changes_of_rule(other->report.changed, rule); }};
      other->report.diff = engine::diff_events(run, now, config);
    }
    report.other = other->report;
  }
  if (!options.quiet) print(stdout, "{}", options.json ? replay_json(report) : replay_text(report));
  const auto written = write_results(options, outcome.runs.back().events, report);
  if (!written) return fail(context, ExitCode::output, written.error());
  if (report.recorded.is_comparable() && difference) {
    fail(context, ExitCode::failed, unequal(*difference, recording.reader->header()));
  }
}

void run_replay(const ReplayOptions& options, CommandContext& context) {
  if (options.config_file.empty() && (options.diff || options.redetect || !options.camera.empty())) {
    return fail(context, ExitCode::usage, {Code::invalid, "--diff, --redetect and --camera are for another --config"});
  }
  const auto recording = open_recording(options.recording);
  if (!recording) return fail(context, ExitCode::input, recording.error());
  const auto& header = recording->reader->header();
  const auto own = scene_of(header, recording->config.camera);
  if (!own) return fail(context, ExitCode::input, own.error());
  std::vector<engine::ReplayVariant> variants{{*own}};
  std::unique_ptr<Other> other;
  if (!options.config_file.empty()) {
    auto prepared = prepare(*recording, options);
    if (!prepared) {
      const bool usage = prepared.error().code() == Code::invalid;
      return fail(context, usage ? ExitCode::usage : ExitCode::model, prepared.error());
    }
    other = *std::move(prepared);
    variants.push_back(other->variant);
    if (other->detector && !options.quiet) {
      print(stderr, "ocelli: {} looks at the recorded pictures again; this may be slower than real time\n",
            other->model->card.name);
    }
  }
  const auto begin = context.clock.now();
  auto outcome = run_variants(*recording, variants, options, context);
  if (!outcome) return fail(context, exit_code_of(outcome.error()), outcome.error());
  ReplayReport report{.folder = options.recording,
                      .header = header,
                      .recorded = {},
                      .wall_time = context.clock.now() - begin,
                      .other = std::nullopt};
  finish(*recording, options, *std::move(outcome), other.get(), std::move(report), context);
}

}  // namespace

void add_replay_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ReplayOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("replay", "Run a recording again, also by another configuration");
  command->add_option("REC", options->recording, "Folder of a recording")->required();
  command->add_option("-c,--config", options->config_file, "Another site configuration to judge it by")
      ->check(CLI::ExistingFile);
  command->add_option("--camera", options->camera,
                      "Camera of that configuration; else the one of the recording's name");
  command->add_flag("--diff", options->diff, "Tell which events that adds, removes and moves, and why");
  command->add_flag("--redetect", options->redetect, "Run the model again though it has the same name");
  command->add_option("--tolerance", options->tolerance_s, "Seconds by which an event may move and still be the same")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_option("-o,--output", options->folder, "Folder for events.jsonl and replay.json");
  command->add_flag("--json", options->json, "Print JSON instead of text");
  command->add_flag("-q,--quiet", options->quiet, "Nothing but errors");
  command->footer(kFooter);
  command->callback([options, &context] { run_replay(*options, context); });
}

}  // namespace ocelli::app
