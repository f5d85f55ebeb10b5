#pragma once

#include <stop_token>

#include "app/interrupt.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ocelli::app {

/// What the process tells its caller. Documented in `ocelli --help`; scripts rely on it.
enum class ExitCode {
  ok = 0,
  failed = 1,         ///< anything that has no number of its own
  usage = 2,          ///< wrong command line or configuration
  input = 3,          ///< a file, URL or camera cannot be opened or decoded
  model = 4,          ///< the model is missing, corrupt or does not fit
  output = 5,         ///< results cannot be written: permission, disk full
  interrupted = 130,  ///< ctrl-C or SIGTERM; what was done so far is saved
};

/// What every command gets. Lives as long as the program.
struct CommandContext {
  base::Clock& clock;
  std::stop_token stop;  ///< requested by SIGINT and SIGTERM
  InterruptWatch& interrupts;
  ExitCode exit_code = ExitCode::ok;  ///< set by the command that ran
};

/// Prints "ocelli: <message>" to standard error, except for `cancelled`, and remembers the exit code.
void fail(CommandContext& context, ExitCode code, const base::Error& error);

/// The number that says most when several inputs ended differently: the first that is not ok.
void remember(CommandContext& context, ExitCode code);

// Each adds one subcommand whose callback runs it and leaves context.exit_code.
void add_analyze_command(CLI::App& app, CommandContext& context);
void add_serve_command(CLI::App& app, CommandContext& context);
void add_snapshot_command(CLI::App& app, CommandContext& context);
void add_probe_command(CLI::App& app, CommandContext& context);
void add_models_command(CLI::App& app, CommandContext& context);
void add_config_command(CLI::App& app, CommandContext& context);
void add_doctor_command(CLI::App& app, CommandContext& context);
void add_eval_command(CLI::App& app, CommandContext& context);
void add_events_command(CLI::App& app, CommandContext& context);
void add_tokens_command(CLI::App& app, CommandContext& context);
void add_why_command(CLI::App& app, CommandContext& context);
void add_completion_command(CLI::App& app, CommandContext& context);

}  // namespace ocelli::app
