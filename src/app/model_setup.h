#pragma once

#include <memory>

#include "base/result.h"
#include "config/site_config.h"
#include "infer/backend.h"
#include "infer/deployment.h"
#include "infer/detector.h"
#include "infer/model_card.h"

namespace ocelli::app {

/// A verified model, ready to run. Detectors made from it share its session.
struct LoadedModel {
  infer::ModelCard card;
  infer::Deployment deployment;
  std::shared_ptr<infer::Backend> backend;
  std::shared_ptr<infer::Session> session;  // co-owned by the detectors

  base::Result<std::unique_ptr<infer::Detector>> make_detector() const {
    return infer::Detector::create(card, session);
  }
};

/// As `config` says where models lie, for another one than it names, which runs as measured best on this machine.
config::ModelConfig config_of_other(config::ModelConfig config, const std::string& name);

/// Finds the card, chooses precision and backend, verifies the weights' hash, loads them and runs them once, so that
/// the first frame is not the slow one. `parallel_runs`, at least 1, share the cores, unless the configuration says how
/// many threads a run has. `invalid` for a model of another task; errors say how to get the model.
base::Result<LoadedModel> load_model(const config::ModelConfig& config, infer::Task task, int parallel_runs = 1);

}  // namespace ocelli::app
