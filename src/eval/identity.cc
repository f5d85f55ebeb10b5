#include <algorithm>
#include <vector>

#include "eval/matching.h"
#include "eval/score.h"

namespace ocelli::eval {

double IdentityScore::idf1() const {
  // IDTP / (IDTP + IDFP/2 + IDFN/2), where IDTP + IDFN are the true boxes and IDTP + IDFP the results.
  return static_cast<double>(matched) / std::max(1.0, static_cast<double>(truths + results) / 2);
}

IdentityScore& IdentityScore::operator+=(const IdentityScore& other) {
  matched += other.matched;
  truths += other.truths;
  results += other.results;
  return *this;
}

IdentityScore measure_identity(const PairedSequence& sequence) {
  constexpr double kMatchOverlap = 0.5;
  IdentityScore score;
  std::vector<Pair> pairs(static_cast<std::size_t>(sequence.pair_count));
  for (const auto& frame : sequence.frames) {
    score.truths += static_cast<std::int64_t>(frame.truths.size());
    score.results += static_cast<std::int64_t>(frame.results.size());
    for (const auto& each : frame.overlaps) {
      Pair& pair = pairs[static_cast<std::size_t>(each.pair)];
      pair.row = frame.truths[static_cast<std::size_t>(each.truth_row)];
      pair.column = frame.results[static_cast<std::size_t>(each.result_row)];
      if (each.iou >= kMatchOverlap) pair.gain += 1;
    }
  }
  // Each box of a pair that is matched saves a miss and a surplus: fewest errors are most matched boxes.
  for (const auto chosen : best_pairs(pairs)) score.matched += static_cast<std::int64_t>(pairs[chosen].gain);
  return score;
}

}  // namespace ocelli::eval
