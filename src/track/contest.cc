#include "track/contest.h"

#include <algorithm>

namespace ocelli::track {
namespace {

/// Marks what is contested among the candidates that have the same `side`; `order` is scratch memory.
void mark(std::span<const Candidate> candidates, int Candidate::* side, double margin, std::vector<std::size_t>& order,
          std::vector<bool>& marked) {
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto& first = candidates[a];
    const auto& second = candidates[b];
    return first.*side != second.*side ? first.*side < second.*side : first.gain > second.gain;
  });
  for (std::size_t begin = 0; begin < order.size();) {
    const auto& best = candidates[order[begin]];
    std::size_t end = begin;
    while (end < order.size() && candidates[order[end]].*side == best.*side) ++end;
    std::size_t close = begin;
    while (close < end && candidates[order[close]].gain >= best.gain - margin) ++close;
    if (close - begin > 1) {
      for (; begin < close; ++begin) marked[order[begin]] = true;
    }
    begin = end;
  }
}

}  // namespace

std::vector<std::size_t> contested(std::span<const Candidate> candidates, double margin) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].gain > 0) order.push_back(i);
  }
  std::vector<bool> marked(candidates.size());
  for (int Candidate::* side : {&Candidate::row, &Candidate::column}) mark(candidates, side, margin, order, marked);
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i]) result.push_back(i);
  }
  return result;
}

}  // namespace ocelli::track
