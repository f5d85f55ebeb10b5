#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "infer/safetensors.h"
#include "infer/tcn_spec.h"

namespace ocelli::infer::testing {

struct FloatTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// The bytes of a safetensors file.
std::string write_safetensors(const std::map<std::string, std::string>& metadata,
                              const std::map<std::string, FloatTensor>& tensors);

/// What `shape` asks for, with made-up names: features "f0"…, classes "c0"…, a mean and a deviation for each feature.
struct TcnShape {
  int features = 5;
  int classes = 3;
  int kernel = 3;
  std::vector<int> channels{8, 8};
  std::vector<int> dilations{1, 2};
};
TcnSpec spec_of(const TcnShape& shape);
/// The text of metadata "tcn".
std::string tcn_metadata(const TcnSpec& spec);
/// Every tensor that the network has, seeded, of a size that keeps activations near 1.
std::map<std::string, FloatTensor> random_tensors(const TcnSpec& spec, unsigned seed);
/// A file with both.
std::string random_tcn(const TcnShape& shape, unsigned seed);

/// The same network as an ONNX file: input "steps" float32[1, features, steps], not normalised yet, output "logits"
/// float32[1, classes, steps]. Causal padding is in the convolutions' own attributes, the fastest form for a runtime.
std::string tcn_as_onnx(const Safetensors& file, int steps);

}  // namespace ocelli::infer::testing
