#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vision/preprocess.h"

namespace ocelli::vision::internal {

/// How one axis of a plane is resampled:
///   output[i] = sum over t < taps of weight(t)[i] * source[start[i] + t].
/// Starts never decrease. Unused taps carry weight 0 and may point past the last source sample.
struct ResampleTable {
  int source = 0;              ///< samples along the axis in memory
  int output = 0;              ///< samples to make
  int taps = 0;                ///< the most that any output needs
  int step = 0;                ///< from the start of an output to the next, if a whole number throughout, else 0
  bool equal_weights = false;  ///< each of `taps` samples weighs 1 / taps: so at whole-number ratios
  std::size_t stride = 0;      ///< entries of `start` and of one tap's weights: `output` rounded up to whole vectors

  std::vector<std::int32_t> start;
  std::vector<std::int32_t> count;  ///< taps that output i needs, at least 1
  std::vector<float> weights;       ///< tap-major: taps × stride

  const float* weight(int tap) const { return weights.data() + static_cast<std::size_t>(tap) * stride; }
  bool is_identity() const { return taps == 1 && source == output; }
  /// Most distance between the starts of `lanes` neighbouring outputs, beginning at a multiple of `lanes`.
  int widest_span(int lanes) const;
};

/// `extent_halves` is the length of the axis that the picture covers, in halves of a source sample: 2 × source, or one
/// less for the chroma of a picture with an odd size, whose last sample lies half outside.
ResampleTable make_resample_table(int source, std::int64_t extent_halves, int output, ResizeFilter filter);
/// The same, in the memory that `table` has.
void remake_resample_table(ResampleTable& table, int source, std::int64_t extent_halves, int output,
                           ResizeFilter filter);

}  // namespace ocelli::vision::internal
