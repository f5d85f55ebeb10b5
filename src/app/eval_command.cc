#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/mot_report.h"
#include "app/print.h"
#include "eval/mot_folder.h"
#include "eval/mot_format.h"
#include "eval/tracking_run.h"
#include "track/presets.h"

namespace ocelli::app {
namespace {

constexpr const char* kFooter =
    R"(BENCH_DIR holds <sequence>/{seqinfo.ini,gt/gt.txt,det/det.txt} as MOT Challenge lays them out, and gmc.txt and
cam.txt where the camera's motion and place are known. The tracker sees the detections frame by frame; HOTA,
CLEAR and Identity are counted as TrackEval counts them. fps is frames per second inside the tracker, one
thread, nothing else counted. Where other trackers were measured on the same sequences and detections, their
figures stand beside.

Like is compared with like: there is a run with boxes only, with gmc.txt one with the camera's motion, and with
cam.txt one with its place above the ground, too. --given ends that earlier; -o keeps the results of the last.

Protocol: mot17 takes out results on distractors first; mot17 and dance do not put out boxes of up to 100 px²
or wider than 1.6 times their height; mot15 takes everything as it stands. `auto` looks at the truth's class
column.

  ocelli eval mot mot17val
  ocelli eval mot mot17val -o results --repeat 3
  ocelli eval mot mot17val --score their-results --json)";

struct EvalOptions {
  std::string benchmark;
  std::string output;
  std::string preset = "default";
  std::string scored;  ///< folder of results; empty: track
  std::string given{eval::given_name(eval::Given::camera)};
  std::string protocol = "auto";
  int repeat = 1;
  int fill_gaps_ms = 0;
  bool json = false;
};

base::Error stopped() {
  return {base::Code::cancelled, "stopped"};
}

/// As fail(), and tells how far it came where it was interrupted.
void fail_after(CommandContext& context, ExitCode code, const base::Error& error, const std::string& progress) {
  if (error.code() == base::Code::cancelled) print(stderr, "ocelli: interrupted after {}\n", progress);
  fail(context, code, error);
}

base::Result<std::vector<eval::Sequence>> read_benchmark(const std::string& folder, const std::stop_token& stop) {
  OC_TRY(const auto names, eval::sequence_names(folder));
  std::vector<eval::Sequence> sequences;
  for (const auto& name : names) {
    if (stop.stop_requested()) return stopped();
    OC_TRY(auto sequence, eval::read_sequence(folder, name));
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

base::Result<eval::Protocol> choose_protocol(const std::string& name, std::span<const eval::Sequence> sequences) {
  if (name == "auto") return eval::protocol_of(sequences);
  OC_TRY(const auto protocol, eval::protocol_of(name));
  OC_TRY_STATUS(eval::check_protocol(protocol, sequences));
  return protocol;
}

/// The last path component; of "." too.
std::string folder_name(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(path, error);
  return error || whole.filename().empty() ? path : whole.filename().string();
}

/// What is known before the first frame is shown.
struct Plan {
  std::vector<eval::Sequence> sequences;
  eval::Protocol protocol = eval::Protocol::mot15;
  track::TrackerConfig tracker;
  std::vector<eval::Given> given;  ///< a run for each; none where results are only scored
  std::chrono::milliseconds longest_gap{0};
};

/// Tracks as often as wanted; the results are those of any run, the time of each frame that of the fastest.
base::Result<eval::TrackingRun> track_sequence(const eval::Sequence& sequence, const Plan& plan, eval::Given given,
                                               int repeat, const CommandContext& context) {
  const auto once = [&] {
    return eval::run_tracker(sequence, plan.tracker, given, plan.protocol, context.clock, context.stop,
                             plan.longest_gap);
  };
  OC_TRY(auto best, once());
  for (int i = 1; i < repeat; ++i) {
    OC_TRY(const auto again, once());
    best.take_fastest(again);
  }
  return best;
}

base::Status write_results(const std::string& folder, const std::string& sequence,
                           std::span<const eval::ResultBox> results) {
  OC_TRY(auto file, AtomicFile::create((std::filesystem::path(folder) / (sequence + ".txt")).string()));
  OC_TRY_STATUS(file.write(eval::format_results(results)));
  return file.commit();
}

MotReport empty_report(const EvalOptions& options, const Plan& plan) {
  MotReport report{folder_name(options.benchmark), plan.protocol, "ocelli, preset " + options.preset, {}};
  if (options.fill_gaps_ms > 0) report.tracker += fmt::format(", gaps of {} ms filled", options.fill_gaps_ms);
  for (const auto given : plan.given) report.runs.push_back({given, {}});
  if (plan.given.empty()) {
    report.tracker = "results in " + options.scored;
    report.runs.emplace_back();
  }
  return report;
}

/// Tracks or reads one sequence for one run, scores it and adds it; the results.
base::Result<std::vector<eval::ResultBox>> add_sequence(MotRun& run, const EvalOptions& options, const Plan& plan,
                                                        const eval::Sequence& sequence, const CommandContext& context) {
  if (context.stop.stop_requested()) return stopped();
  MotSequenceReport entry{sequence.name, sequence.info.frames, {}, {}};
  std::vector<eval::ResultBox> results;
  if (run.given) {
    OC_TRY(auto tracked, track_sequence(sequence, plan, *run.given, options.repeat, context));
    entry.in_tracker = tracked.time_in_tracker();
    results = std::move(tracked.results);
  } else {
    OC_TRY(results, eval::read_results(options.scored, sequence));
  }
  entry.score = eval::measure(eval::pair_up(sequence.truth, results, sequence.info.frames, plan.protocol));
  run.sequences.push_back(std::move(entry));
  return results;
}

void run_plan(const EvalOptions& options, const Plan& plan, CommandContext& context) {
  MotReport report = empty_report(options, plan);
  for (std::size_t index = 0; index < plan.sequences.size(); ++index) {
    const auto& sequence = plan.sequences[index];
    std::vector<eval::ResultBox> results;  // at last those of the run that was given most
    for (auto& run : report.runs) {
      auto added = add_sequence(run, options, plan, sequence, context);
      if (!added) {
        const auto progress = fmt::format("{} of {} sequences", index, plan.sequences.size());
        return fail_after(context, ExitCode::input, added.error(), progress);
      }
      results = *std::move(added);
    }
    if (options.output.empty()) continue;
    const auto written = write_results(options.output, sequence.name, results);
    if (!written) return fail(context, ExitCode::output, written.error());
  }
  const auto* peers = eval::peers_of(plan.sequences);
  print(stdout, "{}", options.json ? mot_json(report, peers) : mot_table(report, peers));
}

void run_mot(const EvalOptions& options, CommandContext& context) {
  Plan plan;
  const auto config = track::preset(options.preset);
  if (!config) return fail(context, ExitCode::usage, config.error());
  plan.tracker = *config;
  plan.longest_gap = std::chrono::milliseconds(options.fill_gaps_ms);
  auto sequences = read_benchmark(options.benchmark, context.stop);
  if (!sequences) return fail_after(context, ExitCode::input, sequences.error(), "0 sequences");
  plan.sequences = *std::move(sequences);
  const auto protocol = choose_protocol(options.protocol, plan.sequences);
  if (!protocol) return fail(context, ExitCode::usage, protocol.error());
  plan.protocol = *protocol;
  if (options.scored.empty()) {
    plan.given = eval::what_can_be_given(plan.sequences);
    // Given counts up: whoever is given the camera is given motion, too.
    std::erase_if(plan.given, [&](eval::Given given) { return given > *eval::given_of(options.given); });
  }
  if (!options.output.empty()) {
    const auto folder = ensure_output_folder(options.output);
    if (!folder) return fail(context, ExitCode::output, folder.error());
  }
  run_plan(options, plan, context);
}

}  // namespace

void add_eval_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("eval", "Measure accuracy against truth");
  command->require_subcommand(1);
  auto* mot = command->add_subcommand("mot", "Run the tracker over a MOT benchmark's detections and score it");
  auto options = std::make_shared<EvalOptions>();  // co-owned by the parser and the callback
  mot->add_option("BENCH_DIR", options->benchmark, "Folder of sequences")->required();
  auto* output = mot->add_option("-o,--output", options->output, "Folder for <sequence>.txt, the tracker's results");
  auto* preset = mot->add_option("--preset", options->preset, "Settings of the tracker")
                     ->check(CLI::IsMember(track::preset_names()))
                     ->capture_default_str();
  auto* repeat = mot->add_option("--repeat", options->repeat, "Track so often; the fastest time of each frame counts")
                     ->check(CLI::Range(1, 1000))
                     ->capture_default_str();
  auto* given = mot->add_option("--given", options->given, "The most that the tracker may use of what is there")
                    ->check(CLI::IsMember(eval::given_names()))
                    ->capture_default_str();
  auto* fill_gaps = mot->add_option("--fill-gaps", options->fill_gaps_ms,
                                    "Offline: fill gaps of a track up to so many milliseconds afterwards")
                        ->check(CLI::Range(0, 60'000))
                        ->capture_default_str();
  mot->add_option("--score", options->scored, "Score the <sequence>.txt in this folder, by any tracker, instead")
      ->excludes(given)
      ->excludes(output)
      ->excludes(preset)
      ->excludes(repeat)
      ->excludes(fill_gaps);
  mot->add_option("--protocol", options->protocol, "What is left out before it is counted")
      ->check(CLI::IsMember({"auto", "mot15", "mot17", "dance"}))
      ->capture_default_str();
  mot->add_flag("--json", options->json, "Print JSON instead of tables");
  mot->footer(kFooter);
  mot->callback([options, &context] { run_mot(*options, context); });
}

}  // namespace ocelli::app
