#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.h"
#include "app/interrupt.h"
#include "base/clock.h"

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
    "  ocelli serve -c ocelli.example.yaml\n\n"
    "`ocelli COMMAND --help` teaches each command. `ocelli completion bash` prints a completion script.";

void add_commands(CLI::App& app, CommandContext& context) {
  using namespace ocelli::app;
  add_analyze_command(app, context);
  add_serve_command(app, context);
  add_snapshot_command(app, context);
  add_models_command(app, context);
  add_config_command(app, context);
  add_doctor_command(app, context);
  add_completion_command(app, context);
}

}  // namespace

int main(int argc, char** argv) {
  const ocelli::app::InterruptWatch interrupts;
  ocelli::base::SystemClock clock;
  CommandContext context{clock, interrupts.token()};

  CLI::App app("ocelli watches camera streams and tells what happened in them.", "ocelli");
  app.set_version_flag("--version", "ocelli " OCELLI_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_commands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(context.exit_code);
}
