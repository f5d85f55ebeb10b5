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

/// track::best_matching() as ascending indices into `pairs`, each of which is listed once. That it is the best is held
/// against all matchings by tests, and the scores that come of it against TrackEval's.
std::vector<std::size_t> best_pairs(std::span<const Pair> pairs);

}  // namespace ocelli::eval
