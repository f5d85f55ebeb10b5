#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/print.h"
#include "app/replay_command.h"
#include "app/tune_rule.h"
#include "app/tune_rule_chart.h"

namespace ocelli::app {
namespace {

constexpr const char* kFooter =
    R"(Judges recordings again with each of --steps values of one threshold and tells how many events each gives. Where
--wanted says when there should have been one (a file for each recording: a time a line, such as 41.3 or 1:02:03.5,
and comments behind #), also how many of the events were wanted, and how many of the wanted fired.

  ocelli tune rule yard.rec --rule dock --threshold min_stay --from 0s --to 10s
  ocelli tune rule mon.rec tue.rec --rule dock --threshold min_stay --from 0s --to 10s --steps 21 \
    --event zone_entered --wanted mon.txt tue.txt -o dock.svg)";

struct TuneRuleOptions {
  ThresholdSweep sweep;
  double tolerance_s = 2;
  std::string chart;
  bool json = false;
};

void run_tune_rule(TuneRuleOptions& options, CommandContext& context) {
  options.sweep.tolerance =
      std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double>(options.tolerance_s));
  const auto result = sweep_threshold(options.sweep, context);
  if (!result) {
    const base::Code code = result.error().code();
    const ExitCode exit_code = code == base::Code::cancelled ? ExitCode::interrupted
                               : code == base::Code::invalid ? ExitCode::usage
                                                             : ExitCode::input;
    return fail(context, exit_code, result.error());
  }
  print(stdout, "{}", options.json ? sweep_json(*result) : sweep_text(*result));
  if (options.chart.empty()) return;
  auto file = AtomicFile::create(options.chart);
  base::Status written = file ? file->write(sweep_svg(*result)) : base::Status(file.error());
  if (written) written = file->commit();
  if (!written) fail(context, ExitCode::output, written.error());
}

}  // namespace

void add_tune_rule_command(CLI::App& app, CommandContext& context) {
  auto* tune = app.add_subcommand("tune", "Find the setting that does best on recordings");
  tune->require_subcommand(1);
  auto* command = tune->add_subcommand("rule", "Sweep one threshold of one rule over recordings");
  auto options = std::make_shared<TuneRuleOptions>();  // co-owned by the parser and the callback
  auto& sweep = options->sweep;
  command->add_option("REC", sweep.recordings, "Folders of recordings")->required();
  command->add_option("--rule", sweep.rule, "Name of the zone, line or behaviour")->required();
  command->add_option("--threshold", sweep.key, "Its key in the configuration, e.g. min_stay")->required();
  command->add_option("--from", sweep.from, "First value, e.g. 500ms or 0.01")->required();
  command->add_option("--to", sweep.to, "Last value")->required();
  command->add_option("--steps", sweep.steps, "How many values, evenly spaced")
      ->check(CLI::Range(2, 200))
      ->capture_default_str();
  command->add_option("--event", sweep.event,
                      "Only events of this type count, e.g. zone_entered; else all of the rule");
  command->add_option("-c,--config", sweep.config_file, "Configuration with the rule; else the recordings' own")
      ->check(CLI::ExistingFile);
  command->add_option("--wanted", sweep.wanted,
                      "For each recording a file with the times of the events that should be");
  command->add_option("--tolerance", options->tolerance_s, "Seconds between a wanted event and one that fired")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_option("-o,--output", options->chart, "Draw the chart to this SVG file");
  command->add_flag("--json", options->json, "Print JSON instead of the chart");
  command->footer(kFooter);
  command->callback([options, &context] { run_tune_rule(*options, context); });
}

}  // namespace ocelli::app
