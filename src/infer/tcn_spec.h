#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/safetensors.h"

namespace ocelli::infer {

/// The shape of a temporal convolutional network (Bai, Kolter, Koltun, "An Empirical Evaluation of Generic
/// Convolutional and Recurrent Networks for Sequence Modeling", 2018), and what its inputs and outputs mean. A plain
/// value.
struct TcnSpec {
  std::vector<std::string> features;  ///< what a step's values are, in their order
  std::vector<float> mean;            ///< of each feature: a value x enters the network as (x - mean) / deviation
  std::vector<float> deviation;
  std::vector<std::string> classes;  ///< what a step's logits are for
  std::int64_t kernel = 0;           ///< taps of each causal convolution
  /// A residual block each: two convolutions with this many outputs …
  std::vector<std::int64_t> channels;
  std::vector<std::int64_t> dilations;  ///< … whose taps lie this many steps apart
  std::chrono::milliseconds step{};     ///< between two steps

  /// How many steps, the newest included, an output depends on: 1 + 2 (kernel - 1) Σ dilation.
  std::int64_t receptive_field() const;
};

/// Reads the JSON text under "tcn" in the file's metadata. `corrupt`, naming the file and the key, where something is
/// missing, senseless or larger than kMost… allow.
base::Result<TcnSpec> read_tcn_spec(const Safetensors& file);

inline constexpr std::int64_t kMostTcnChannels = 1024;
inline constexpr std::int64_t kMostTcnKernel = 16;
inline constexpr std::size_t kMostTcnBlocks = 32;
inline constexpr std::int64_t kMostTcnReceptiveField = 65536;

}  // namespace ocelli::infer
