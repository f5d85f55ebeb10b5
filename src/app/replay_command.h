#pragma once

#include "app/command.h"

namespace ocelli::app {

// What recordings are for; each adds one command.
void add_replay_command(CLI::App& app, CommandContext& context);
void add_tune_rule_command(CLI::App& app, CommandContext& context);

}  // namespace ocelli::app
