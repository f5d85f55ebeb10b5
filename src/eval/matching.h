#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ocelli::eval {

/// A pair that may be matched; rows and columns count from 0. Pairs that are not listed, or gain nothing, are never
/// matched.
struct Pair {
  int row = 0;
  int column = 0;
  double gain = 0;
};

/// The one-to-one matching with the largest sum of gains, as ascending indices into `pairs`. Exact to a trillionth of
/// the largest gain, since a score of a hundredth of a point may hang on pairs that gain a millionth. The tracker's own
/// matching is not used: who judges must not share a defect with whom it judges.
std::vector<std::size_t> best_pairs(std::span<const Pair> pairs);

}  // namespace ocelli::eval
