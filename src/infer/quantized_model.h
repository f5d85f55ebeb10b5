#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infer/clip_sampler.h"
#include "infer/model_card.h"
#include "infer/model_store.h"

namespace ocelli::infer {

/// What is known of the int8 weights that were made from a card's weights. A file of the model store,
/// <card's sha256>.int8.yaml; the weights themselves lie beside it as <sha256>.onnx.
struct QuantizedModel {
  std::string model;          ///< name of the card
  std::string card_version;   ///< ModelCard::version
  std::string source_sha256;  ///< of the fp32 weights: ModelCard::sha256
  std::string sha256;         ///< of the int8 weights
  std::vector<ClipSample> calibration;
  std::vector<std::string> tools;  ///< Python packages that made it, e.g. "onnxruntime==1.27.0"
  bool operator==(const QuantizedModel&) const = default;
};

std::string to_yaml(const QuantizedModel& model);
/// `file` names it in errors, which carry line and column.
base::Result<QuantizedModel> parse_quantized_model(std::string_view yaml, const std::string& file);

std::string quantized_record_path(const ModelStore& store, const ModelCard& card);
/// `not_found` says how to make int8 weights, `corrupt` that the record is of other weights than the card's.
base::Result<QuantizedModel> load_quantized_model(const ModelStore& store, const ModelCard& card);
/// As load_quantized_model(), and compares the hash of the int8 weights: `corrupt` names both and says what to do.
base::Result<QuantizedModel> verify_quantized_model(const ModelStore& store, const ModelCard& card);

}  // namespace ocelli::infer
