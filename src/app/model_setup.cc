#include "app/model_setup.h"

#include "infer/model_store.h"

namespace ocelli::app {

base::Result<LoadedModel> load_model(const config::ModelConfig& config) {
  OC_TRY(const auto store, infer::ModelStore::open({config.cards, config.store}));
  LoadedModel model;
  OC_TRY(model.card, store.card(config.name));
  if (config.score > 0) model.card.thresholds.score = config.score;
  OC_TRY(model.deployment, infer::choose_deployment(store, model.card, config.precision));
  OC_TRY(model.backend, infer::make_onnx_backend());
  OC_TRY(model.session, model.backend->load(model.deployment.weights_path, {config.intra_op_threads}));
  OC_TRY(const auto detector, model.make_detector());  // refuses a model that does not fit its card
  OC_TRY(auto binding, model.session->make_binding());
  OC_TRY_STATUS(model.session->run(*binding));
  return model;
}

}  // namespace ocelli::app
