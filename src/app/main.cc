#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.h"
#include "app/interrupt.h"
#include "app/print.h"
#include "app/replay_command.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/suggest.h"

namespace {

using ocelli::app::CommandContext;
using ocelli::app::ExitCode;

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 input cannot be opened or decoded,\n"
    "4 model missing or unfit, 5 results cannot be written, 130 interrupted (what was done is saved).\n\n"
    "First steps:\n"
    "  ocelli doctor\n"
    "  ocelli models pull yolov8n --accept-licence\n"
    "  ocelli analyze street.mp4 --annotate -o out\n"
    "  ocelli serve -c ocelli.yaml\n\n"
    "`ocelli COMMAND --help` teaches each command. `ocelli completion bash` prints a completion script.";

void add_commands(CLI::App& app, CommandContext& context) {
  using namespace ocelli::app;
  add_analyze_command(app, context);
  add_serve_command(app, context);
  add_snapshot_command(app, context);
  add_probe_command(app, context);
  add_models_command(app, context);
  add_config_command(app, context);
  add_doctor_command(app, context);
  add_eval_command(app, context);
  add_replay_command(app, context);
  add_tune_rule_command(app, context);
  add_events_command(app, context);
  add_why_command(app, context);
  add_tokens_command(app, context);
  add_completion_command(app, context);
}

/// Names that `unknown` may have been meant to be.
std::vector<std::string> known_names(const CLI::App& command, const std::string& unknown) {
  std::vector<std::string> names;
  if (unknown.starts_with('-')) {
    for (const auto* option : command.get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const auto* subcommand : command.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(subcommand->get_name());
    }
  }
  return names;
}

/// What is wrong with the command line, in one line. What is unknown comes before what is missing because of it.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string called = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    called += " " + command->get_name();
  }
  std::string what = error.what();
  if (const auto unknown = app.remaining(true); !unknown.empty()) {
    const std::string& first = unknown.front();
    const bool is_option = first.starts_with('-');
    const bool is_command = !is_option && command->get_require_subcommand_min() > 0;
    what = fmt::format("unknown {} '{}'{}",
                       is_option    ? "option"
                       : is_command ? "command"
                                    : "argument",
                       first, ocelli::base::did_you_mean(first, known_names(*command, first)));
  }
  return fmt::format("{}; see `{} --help`", what, called);
}

ExitCode run(int argc, char** argv) {
  ocelli::base::bound_memory();
  ocelli::app::InterruptWatch interrupts;
  ocelli::base::SystemClock clock;
  CommandContext context{clock, interrupts.token(), interrupts};

  CLI::App app("ocelli watches camera streams and tells what happened in them.", "ocelli");
  app.set_version_flag("--version", "ocelli " OCELLI_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_commands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help and --version
      app.exit(error);
      return ExitCode::ok;
    }
    ocelli::app::print(stderr, "ocelli: {}\n", usage_error(app, error));
    return ExitCode::usage;
  }
  return context.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::exception& error) {  // a defect, or no memory left: no room lets its exceptions out
    std::fprintf(stderr, "ocelli: unexpected: %s; please report what you did\n", error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
