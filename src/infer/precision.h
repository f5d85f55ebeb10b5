#pragma once

#include <string_view>

namespace ocelli::infer {

/// What a model computes with. A property of the deployment: the card knows nothing of it.
enum class Precision {
  fp32,  ///< as the weights were published
  bf16,  ///< the same weights, rounded to bfloat16 while they run: where backend and processor offer it
  int8,  ///< other weights, made by quantize_model() from the published ones
};
inline constexpr std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "";
}

/// What a user asks for.
enum class PrecisionChoice {
  fp32,
  bf16,
  int8,
  automatic,  ///< what `ocelli models tune` found best on this machine, else fp32
};

}  // namespace ocelli::infer
