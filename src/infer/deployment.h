#pragma once

#include <string>

#include "base/result.h"
#include "infer/model_card.h"
#include "infer/model_store.h"
#include "infer/precision.h"

namespace ocelli::infer {

/// How a card's model is run on this machine.
struct Deployment {
  Precision precision = Precision::fp32;
  std::string weights_sha256;
  std::string weights_path;
  std::string reason;  ///< why this one, for people
};

/// What `choice` means for the weights that are in the store; their hash has been compared. Fails as
/// ModelStore::verify() and verify_quantized_model(); `unsupported` when nothing here computes with that precision.
base::Result<Deployment> choose_deployment(const ModelStore& store, const ModelCard& card, PrecisionChoice choice);

}  // namespace ocelli::infer
