#include <algorithm>
#include <limits>
#include <vector>

#include "eval/matching.h"
#include "eval/score.h"

namespace ocelli::eval {
namespace {

constexpr double kMatchOverlap = 0.5 - std::numeric_limits<double>::epsilon();
constexpr int kNobody = -1;

std::size_t index_of(int number) {
  return static_cast<std::size_t>(number);
}

/// Whom each true identity was matched with.
struct Memory {
  explicit Memory(int truths) : last(index_of(truths), kNobody), before(index_of(truths), kNobody) {}
  std::vector<int> last;    ///< the last time that it was matched at all: tells switches
  std::vector<int> before;  ///< in the frame before, of those in which both sides had boxes: these go on first
};

/// Pairs that were matched in the frame before stay so while they overlap; the others are matched by largest overlap.
std::vector<Overlap> match(const PairedFrame& frame, const Memory& memory) {
  std::vector<Overlap> matches;
  std::vector<bool> truth_taken(frame.truths.size());
  std::vector<bool> result_taken(frame.results.size());
  for (const auto& each : frame.overlaps) {
    const auto truth = index_of(each.truth_row);
    const auto result = index_of(each.result_row);
    if (each.iou < kMatchOverlap || memory.before[index_of(frame.truths[truth])] != frame.results[result]) continue;
    truth_taken[truth] = result_taken[result] = true;
    matches.push_back(each);
  }
  std::vector<Pair> pairs;
  std::vector<Overlap> free;
  for (const auto& each : frame.overlaps) {
    if (each.iou < kMatchOverlap || truth_taken[index_of(each.truth_row)] || result_taken[index_of(each.result_row)]) {
      continue;
    }
    pairs.push_back({each.truth_row, each.result_row, each.iou});
    free.push_back(each);
  }
  for (const auto chosen : best_pairs(pairs)) matches.push_back(free[chosen]);
  return matches;
}

}  // namespace

double ClearScore::mota() const {
  const std::int64_t truths = matched + missed;
  return truths == 0 ? 0 : static_cast<double>(matched - surplus - switches) / static_cast<double>(truths);
}

ClearScore& ClearScore::operator+=(const ClearScore& other) {
  matched += other.matched;
  missed += other.missed;
  surplus += other.surplus;
  switches += other.switches;
  return *this;
}

ClearScore measure_clear(const PairedSequence& sequence) {
  ClearScore score;
  Memory memory(sequence.truth_count);
  for (const auto& frame : sequence.frames) {
    const auto matches = match(frame, memory);
    // A frame in which one side has no box at all does not end what went on before: so TrackEval has it.
    if (!frame.truths.empty() && !frame.results.empty()) std::fill(memory.before.begin(), memory.before.end(), kNobody);
    for (const auto& each : matches) {
      const auto truth = index_of(frame.truths[index_of(each.truth_row)]);
      const int result = frame.results[index_of(each.result_row)];
      if (memory.last[truth] != kNobody && memory.last[truth] != result) ++score.switches;
      memory.last[truth] = memory.before[truth] = result;
    }
    const auto count = static_cast<std::int64_t>(matches.size());
    score.matched += count;
    score.missed += static_cast<std::int64_t>(frame.truths.size()) - count;
    score.surplus += static_cast<std::int64_t>(frame.results.size()) - count;
  }
  return score;
}

}  // namespace ocelli::eval
