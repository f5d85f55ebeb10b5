#pragma once

#include <span>
#include <vector>

namespace ocelli::track {

/// A pair that may be matched, and what matching it is worth. Pairs that are not listed are never matched.
struct Candidate {
  int row = 0;
  int column = 0;
  double gain = 0;  ///< in any unit; better is larger, pairs at or below 0 are ignored
};

struct Match {
  int row = 0;
  int column = 0;
  bool operator==(const Match&) const = default;
};

/// The one-to-one matching with the largest sum of gains, ascending by row. Exact to a trillionth of the largest gain,
/// and deterministic: the same candidates in the same order give the same matching. Rows and columns count from 0.
std::vector<Match> best_matching(std::span<const Candidate> candidates);

}  // namespace ocelli::track
