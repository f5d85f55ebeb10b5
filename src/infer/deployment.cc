#include "infer/deployment.h"

#include "infer/quantized_model.h"

namespace ocelli::infer {
namespace {

base::Result<Deployment> published_weights(const ModelStore& store, const ModelCard& card, std::string reason) {
  OC_TRY_STATUS(store.verify(card));
  return Deployment{Precision::fp32, card.sha256, store.path_of(card), std::move(reason)};
}

base::Result<Deployment> int8_weights(const ModelStore& store, const ModelCard& card, std::string reason) {
  OC_TRY(const auto quantized, verify_quantized_model(store, card));
  return Deployment{Precision::int8, quantized.sha256, store.weights_path(quantized.sha256), std::move(reason)};
}

}  // namespace

base::Result<Deployment> choose_deployment(const ModelStore& store, const ModelCard& card, PrecisionChoice choice) {
  switch (choice) {
    case PrecisionChoice::fp32:
      return published_weights(store, card, "as configured");
    case PrecisionChoice::int8:
      return int8_weights(store, card, "as configured");
  }
  return base::Error(base::Code::internal, "unknown precision");
}

}  // namespace ocelli::infer
