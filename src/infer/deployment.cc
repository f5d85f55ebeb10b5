#include "infer/deployment.h"

#include <fmt/format.h>

#include "infer/quantized_model.h"
#include "infer/tuned_profile.h"

namespace ocelli::infer {
namespace {

base::Result<Deployment> published_weights(const ModelStore& store, const ModelCard& card, BackendKind backend,
                                           Precision precision) {
  OC_TRY_STATUS(store.verify(card));
  return Deployment{backend, precision, 0, card.sha256, store.path_of(card), {}};
}

base::Result<Deployment> int8_weights(const ModelStore& store, const ModelCard& card, BackendKind backend) {
  OC_TRY(const auto quantized, verify_quantized_model(store, card));
  return Deployment{backend, Precision::int8, 0, quantized.sha256, store.weights_path(quantized.sha256), {}};
}

base::Result<Deployment> tuned(const ModelStore& store, const ModelCard& card) {
  OC_TRY(const auto profile, load_tuned_profile(store, card));
  OC_TRY(auto deployment, profile.precision == Precision::int8
                              ? int8_weights(store, card, profile.backend)
                              : published_weights(store, card, profile.backend, profile.precision));
  if (deployment.weights_sha256 != profile.weights_sha256) {
    return base::Error(base::Code::invalid,
                       fmt::format("{0} was quantized again after it was tuned: run `ocelli models "
                                   "tune {0} --on CLIP`",
                                   card.name));
  }
  deployment.threads = profile.threads;
  return deployment;
}

}  // namespace

base::Result<Deployment> choose_deployment(const ModelStore& store, const ModelCard& card, PrecisionChoice choice) {
  switch (choice) {
    case PrecisionChoice::fp32:
      return published_weights(store, card, BackendKind::onnx_runtime, Precision::fp32);
    case PrecisionChoice::bf16:
      return published_weights(store, card, BackendKind::openvino, Precision::bf16);
    case PrecisionChoice::int8:
      return int8_weights(store, card, BackendKind::onnx_runtime);
    case PrecisionChoice::automatic:
      break;
  }
  auto best = tuned(store, card);
  if (best) return best;
  OC_TRY(auto plain, published_weights(store, card, BackendKind::onnx_runtime, Precision::fp32));
  plain.fallback_reason = best.error().message();
  return plain;
}

std::string to_string(const Deployment& deployment) {
  std::string text = fmt::format("{} {}", backend_name(deployment.backend), precision_name(deployment.precision));
  if (deployment.threads > 0)
    text += fmt::format(", {} thread{}", deployment.threads, deployment.threads == 1 ? "" : "s");
  return text;
}

}  // namespace ocelli::infer
