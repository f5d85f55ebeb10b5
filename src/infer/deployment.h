#pragma once

#include <string>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/model_card.h"
#include "infer/model_store.h"

namespace ocelli::infer {

/// How a card's model is run on this machine.
struct Deployment {
  BackendKind backend = BackendKind::onnx_runtime;
  Precision precision = Precision::fp32;
  int threads = 0;  ///< of one run when nothing else runs; 0: not measured
  std::string weights_sha256;
  std::string weights_path;
  std::string fallback_reason;  ///< why `automatic` came to fp32 without a measurement; else empty
};

/// What `choice` means for the weights that are in the store; their hash has been compared. Fails as
/// ModelStore::verify() and verify_quantized_model(). Whether this build has the backend is not looked at.
base::Result<Deployment> choose_deployment(const ModelStore& store, const ModelCard& card, PrecisionChoice choice);

/// "onnxruntime int8, 2 threads", "openvino bf16".
std::string to_string(const Deployment& deployment);

}  // namespace ocelli::infer
