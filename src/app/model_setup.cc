#include "app/model_setup.h"

#include <algorithm>

#include "base/clock.h"
#include "infer/batch_trial.h"
#include "infer/model_store.h"

namespace ocelli::app {

namespace {

/// Threads of one run. With many runs side by side each does best on one core, without waiting for others.
int threads_of_a_run(const config::ModelConfig& config, const infer::Deployment& deployment, int parallel_runs) {
  if (config.intra_op_threads > 0) return config.intra_op_threads;
  const int alone = deployment.threads > 0 ? deployment.threads : infer::default_intra_op_threads();
  return std::max(1, alone / parallel_runs);
}

base::Status load_deployment(infer::LoadedModel& model, const config::ModelConfig& config, int parallel_runs) {
  const auto& deployment = model.deployment;
  OC_TRY(model.backend, infer::make_backend(deployment.backend));
  const infer::SessionConfig session{threads_of_a_run(config, deployment, parallel_runs), deployment.precision,
                                     config.provider};
  OC_TRY(model.session, model.backend->load(deployment.weights_path, session));
  return {};
}

/// What was tuned by another build of ocelli may need a backend that this one lacks.
base::Status load_tuned_deployment(infer::LoadedModel& model, const infer::ModelStore& store,
                                   const config::ModelConfig& config, int parallel_runs) {
  auto loaded = load_deployment(model, config, parallel_runs);
  if (loaded || loaded.error().code() != base::Code::unsupported) return loaded;
  OC_TRY(model.deployment, infer::choose_deployment(store, model.card, infer::PrecisionChoice::fp32));
  model.deployment.fallback_reason = loaded.error().message();
  return load_deployment(model, config, parallel_runs);
}

/// Null where every picture has a run of its own.
base::Result<std::shared_ptr<infer::Batcher>> make_batcher(const infer::LoadedModel& model,
                                                           const config::ModelConfig& config) {
  auto batch = static_cast<std::size_t>(config.batch);
  if (batch == 0) {
    base::SystemClock clock;
    OC_TRY(batch, infer::measure_batch(*model.session, clock));
  }
  if (batch == 1) return std::shared_ptr<infer::Batcher>();
  auto batcher = infer::Batcher::create(model.session, {.max_batch = batch});
  if (batcher) return std::shared_ptr<infer::Batcher>(*std::move(batcher));
  return base::Error(batcher.error().code(), "model.batch: " + batcher.error().message());
}

}  // namespace

config::ModelConfig config_of_other(config::ModelConfig config, const std::string& name) {
  config.name = name;
  config.score = 0;
  config.precision = infer::PrecisionChoice::automatic;
  return config;
}

base::Result<infer::LoadedModel> load_model(const config::ModelConfig& config, infer::Task task, int parallel_runs) {
  OC_TRY(const auto store, infer::ModelStore::open({config.cards, config.store}));
  infer::LoadedModel model;
  OC_TRY(model.card, store.card(config.name));
  if (model.card.task != task) return infer::wrong_task(model.card, task);
  if (config.score > 0) model.card.thresholds.score = config.score;
  OC_TRY(model.deployment, infer::choose_deployment(store, model.card, config.precision));
  if (config.precision == infer::PrecisionChoice::automatic) {
    OC_TRY_STATUS(load_tuned_deployment(model, store, config, parallel_runs));
  } else {
    OC_TRY_STATUS(load_deployment(model, config, parallel_runs));
  }
  if (task == infer::Task::detection) {
    if (parallel_runs > 1) {
      OC_TRY(model.batcher, make_batcher(model, config));
    }
    OC_TRY(const auto detector, model.make_detector());  // refuses a model that does not fit its card
  }
  const bool open_sizes = task == infer::Task::text_detection || task == infer::Task::text_direction ||
                          task == infer::Task::text_recognition;
  if (open_sizes) return model;  // the picture says how large a run is, so there is none to warm up for
  OC_TRY(const auto binding, model.session->lease_binding());
  OC_TRY_STATUS(model.session->run(*binding));
  return model;
}

}  // namespace ocelli::app
