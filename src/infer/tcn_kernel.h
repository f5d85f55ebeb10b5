#pragma once

#include <cstddef>

namespace ocelli::infer {

/// Rows of values are padded with zeros to a multiple of this, so that every instruction set works in whole vectors.
inline constexpr std::size_t kTcnLanes = 16;

inline constexpr std::size_t padded_to_lanes(std::size_t count) {
  return (count + kTcnLanes - 1) / kTcnLanes * kTcnLanes;
}

/// What follows a convolution.
enum class TcnFinish {
  none,
  relu,
  relu_add_relu,  ///< the end of a residual block: relu(relu(convolution) + residual)
};

/// One causal convolution of one or several steps; every pointer is to floats of somebody else.
struct TcnConvolution {
  const float* const* taps = nullptr;  ///< for each tap: the row that it sees in the first step; later ones follow it
  std::size_t tap_count = 0;
  std::size_t inputs = 0;          ///< values of a row that count
  const float* weights = nullptr;  ///< [tap][input][outputs]
  const float* bias = nullptr;     ///< [outputs]
  std::size_t outputs = 0;         ///< padded to kTcnLanes
  std::size_t steps = 1;
  std::size_t row = 0;  ///< floats from a step to the next: in the taps, the residual and the output
  TcnFinish finish = TcnFinish::none;
  const float* residual = nullptr;
  float* output = nullptr;  ///< may be the residual's memory
};

/// Each output is the sum of two: bias and inputs 0, 2, …; inputs 1, 3, …; both over the taps, oldest first, in this
/// order, each product rounded with its sum, once. So every instruction set, and every number of steps at once, gives
/// the same bits. Processors without fused multiply-adds take many times as long. Thread-safe.
void run_tcn_convolution(const TcnConvolution& convolution);

}  // namespace ocelli::infer
