#pragma once

#include "app/command.h"
#include "base/result.h"

namespace ocelli::app {

/// Tells how a subcommand of `ocelli models` ended.
void finish_models_command(CommandContext& context, const base::Status& status);

// Each adds one subcommand to `ocelli models`.
void add_quantize_command(CLI::App& models, CommandContext& context);
void add_tune_command(CLI::App& models, CommandContext& context);

}  // namespace ocelli::app
