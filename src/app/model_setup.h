#pragma once

#include "base/result.h"
#include "config/site_config.h"
#include "infer/loaded_model.h"

namespace ocelli::app {

/// As `config` says where models lie, for another one than it names, which runs as measured best on this machine.
config::ModelConfig config_of_other(config::ModelConfig config, const std::string& name);

/// Finds the card, chooses precision and backend, verifies the weights' hash, loads them and runs them once, so that
/// the first frame is not the slow one. `parallel_runs`, at least 1, share the cores, unless the configuration says how
/// many threads a run has; on a device they may share runs, too. `invalid` for a model of another task; errors say how
/// to get the model.
base::Result<infer::LoadedModel> load_model(const config::ModelConfig& config, infer::Task task, int parallel_runs = 1);

}  // namespace ocelli::app
