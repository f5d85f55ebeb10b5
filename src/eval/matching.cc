#include "eval/matching.h"

#include <algorithm>

#include "track/assignment.h"

namespace ocelli::eval {

std::vector<std::size_t> best_pairs(std::span<const Pair> pairs) {
  std::vector<track::Candidate> candidates;
  candidates.reserve(pairs.size());
  for (const auto& pair : pairs) candidates.push_back({pair.row, pair.column, pair.gain});
  const auto matches = track::best_matching(candidates);  // one a row, ascending
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto of_row = std::lower_bound(matches.begin(), matches.end(), pairs[i].row,
                                         [](const track::Match& match, int row) { return match.row < row; });
    const bool is_match = of_row != matches.end() && of_row->row == pairs[i].row && of_row->column == pairs[i].column;
    if (is_match) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace ocelli::eval
