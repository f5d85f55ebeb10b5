// The loops of the causal convolutions, compiled once per instruction set.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "infer/tcn_kernel.cc"

// Arrays of vectors have no size on SVE and RVV; NEON serves those ARM processors.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "infer/tcn_kernel.h"

#include <cmath>
#include <cstddef>

// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ocelli::infer {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, kTcnLanes>;
using Vector = hn::Vec<Tag>;
constexpr Tag kTag;
constexpr std::size_t kLanes = hn::MaxLanes(kTag);
static_assert(kTcnLanes % kLanes == 0);

// Steps that are computed together: each weight that is loaded serves all of them. Times two vectors of outputs and two
// halves of a sum, these are as many sums as the registers hold beside the operands: 32 of 16 lanes, else 16.
constexpr std::size_t kSteps = kLanes == 16 ? 6 : 3;

HWY_INLINE Vector finished(const TcnConvolution& job, Vector sum, std::size_t offset) {
  if (job.finish == TcnFinish::none) return sum;
  const Vector zero = hn::Zero(kTag);
  sum = hn::Max(sum, zero);
  if (job.finish == TcnFinish::relu) return sum;
  return hn::Max(hn::Add(sum, hn::LoadU(kTag, job.residual + offset)), zero);
}

/// value × weight + sum, rounded once: also where the processor cannot, so that every processor gives the same bits.
HWY_INLINE Vector fused(Vector value, Vector weight, Vector sum) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(value, weight, sum);
#else
  HWY_ALIGN float values[kLanes];
  HWY_ALIGN float weights[kLanes];
  HWY_ALIGN float sums[kLanes];
  hn::Store(value, kTag, values);
  hn::Store(weight, kTag, weights);
  hn::Store(sum, kTag, sums);
  for (std::size_t i = 0; i < kLanes; ++i) sums[i] = std::fma(values[i], weights[i], sums[i]);
  return hn::Load(kTag, sums);
#endif
}

/// The sums of a tile, half of the inputs each: a step alone would otherwise wait for each addition before the next.
template <std::size_t kCount, std::size_t kVectors>
struct Sums {
  Vector even[kCount][kVectors];
  Vector odd[kCount][kVectors];
};

/// Adds one input's share to one half of the sums. Without the unrolling these would lie in memory.
template <std::size_t kCount, std::size_t kVectors>
HWY_INLINE void add_input(const float* values, std::size_t row, const float* weights,
                          Vector (&sums)[kCount][kVectors]) {
  Vector weight[kVectors];
  HWY_UNROLL(2)
  for (std::size_t v = 0; v < kVectors; ++v) weight[v] = hn::LoadU(kTag, weights + v * kLanes);
  HWY_UNROLL(6)
  for (std::size_t s = 0; s < kCount; ++s) {
    const Vector value = hn::Set(kTag, values[s * row]);
    HWY_UNROLL(2)
    for (std::size_t v = 0; v < kVectors; ++v) sums[s][v] = fused(value, weight[v], sums[s][v]);
  }
}

/// kCount steps from `step` on, kVectors vectors of outputs from `output` on.
template <std::size_t kCount, std::size_t kVectors>
HWY_INLINE void convolve_tile(const TcnConvolution& job, std::size_t step, std::size_t output) {
  Sums<kCount, kVectors> sums;
  HWY_UNROLL(2)
  for (std::size_t v = 0; v < kVectors; ++v) {
    const Vector bias = hn::LoadU(kTag, job.bias + output + v * kLanes);
    HWY_UNROLL(6)
    for (std::size_t s = 0; s < kCount; ++s) {
      sums.even[s][v] = bias;
      sums.odd[s][v] = hn::Zero(kTag);
    }
  }
  const float* weights = job.weights + output;
  for (std::size_t tap = 0; tap < job.tap_count; ++tap) {
    const float* values = job.taps[tap] + step * job.row;
    const float* const end = values + job.inputs / 2 * 2;
    for (; values < end; values += 2, weights += 2 * job.outputs) {
      add_input(values, job.row, weights, sums.even);
      add_input(values + 1, job.row, weights + job.outputs, sums.odd);
    }
    if (job.inputs % 2 == 1) {
      add_input(values, job.row, weights, sums.even);
      weights += job.outputs;
    }
  }
  HWY_UNROLL(6)
  for (std::size_t s = 0; s < kCount; ++s) {
    HWY_UNROLL(2)
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t offset = (step + s) * job.row + output + v * kLanes;
      hn::StoreU(finished(job, hn::Add(sums.even[s][v], sums.odd[s][v]), offset), kTag, job.output + offset);
    }
  }
}

/// All steps, kVectors vectors of outputs from `output` on: their weights stay in the first-level cache meanwhile.
template <std::size_t kVectors>
HWY_INLINE void convolve_outputs(const TcnConvolution& job, std::size_t output) {
  std::size_t step = 0;
  for (; step + kSteps <= job.steps; step += kSteps) convolve_tile<kSteps, kVectors>(job, step, output);
  switch (job.steps - step) {
    case 5:
      return convolve_tile < kSteps<6 ? 1 : 5, kVectors>(job, step, output);  // what kSteps rules out is not compiled
    case 4:
      return convolve_tile < kSteps<6 ? 1 : 4, kVectors>(job, step, output);
    case 3:
      return convolve_tile < kSteps<6 ? 1 : 3, kVectors>(job, step, output);
    case 2:
      return convolve_tile<2, kVectors>(job, step, output);
    case 1:
      return convolve_tile<1, kVectors>(job, step, output);
    default:
      return;
  }
}

void convolve(const TcnConvolution& job) {
  std::size_t output = 0;
  for (; output + 2 * kLanes <= job.outputs; output += 2 * kLanes) convolve_outputs<2>(job, output);
  for (; output < job.outputs; output += kLanes) convolve_outputs<1>(job, output);
}

}  // namespace HWY_NAMESPACE
}  // namespace ocelli::infer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ocelli::infer {

HWY_EXPORT(convolve);

void run_tcn_convolution(const TcnConvolution& convolution) {
  HWY_DYNAMIC_DISPATCH(convolve)(convolution);
}

}  // namespace ocelli::infer
#endif
