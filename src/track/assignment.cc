#include "track/assignment.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include "base/check.h"

namespace ocelli::track {
namespace {

// Whole numbers keep the simplex exact; sums over a million rows still fit.
constexpr double kCostOfLargestGain = 1e12;

/// Union-find over rows and columns: far-apart objects do not compete, so that a crowded picture falls apart into many
/// tiny problems, most of them a single pair.
class Components {
 public:
  explicit Components(int size) : parent_(static_cast<std::size_t>(size)) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int find(int node) {
    while (parent(node) != node) node = parent(node) = parent(parent(node));
    return node;
  }
  void join(int a, int b) { parent(find(a)) = find(b); }

 private:
  int& parent(int node) { return parent_[static_cast<std::size_t>(node)]; }
  std::vector<int> parent_;
};

/// Numbers used rows (or columns) 0, 1, 2… in ascending order.
std::vector<int> used_numbers(std::span<const Candidate> candidates, int Candidate::* side) {
  std::vector<int> numbers;
  for (const auto& candidate : candidates) numbers.push_back(candidate.*side);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

int index_of(const std::vector<int>& numbers, int number) {
  return static_cast<int>(std::lower_bound(numbers.begin(), numbers.end(), number) - numbers.begin());
}

bool gains_less(const Candidate& a, const Candidate& b) {
  return a.gain < b.gain;
}

/// Maximum-weight matching as a circulation of least cost: hub → row → column → hub, every arc of capacity one.
void solve_component(std::span<const Candidate> candidates, std::vector<Match>& matches) {
  const auto rows = used_numbers(candidates, &Candidate::row);
  const auto columns = used_numbers(candidates, &Candidate::column);
  if (rows.size() == 1 || columns.size() == 1) {
    const auto best = std::max_element(candidates.begin(), candidates.end(), gains_less);
    matches.push_back({best->row, best->column});
    return;
  }
  const int row_count = static_cast<int>(rows.size());
  const int column_count = static_cast<int>(columns.size());
  lemon::SmartDigraph graph;
  graph.reserveNode(row_count + column_count + 1);
  graph.reserveArc(row_count + column_count + static_cast<int>(candidates.size()));
  for (int i = 0; i <= row_count + column_count; ++i) graph.addNode();
  const auto hub = lemon::SmartDigraph::nodeFromId(row_count + column_count);
  // Arcs that carry a candidate come first, so that an arc's id is the index of its candidate.
  for (const auto& candidate : candidates) {
    graph.addArc(lemon::SmartDigraph::nodeFromId(index_of(rows, candidate.row)),
                 lemon::SmartDigraph::nodeFromId(row_count + index_of(columns, candidate.column)));
  }
  for (int row = 0; row < row_count; ++row) graph.addArc(hub, lemon::SmartDigraph::nodeFromId(row));
  for (int column = 0; column < column_count; ++column) {
    graph.addArc(lemon::SmartDigraph::nodeFromId(row_count + column), hub);
  }
  lemon::SmartDigraph::ArcMap<std::int64_t> capacity(graph, 1);
  lemon::SmartDigraph::ArcMap<std::int64_t> cost(graph, 0);
  const double largest = std::max_element(candidates.begin(), candidates.end(), gains_less)->gain;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    cost[lemon::SmartDigraph::arcFromId(static_cast<int>(i))] =
        -std::llround(candidates[i].gain / largest * kCostOfLargestGain);
  }
  using Simplex = lemon::NetworkSimplex<lemon::SmartDigraph, std::int64_t, std::int64_t>;
  Simplex simplex(graph);
  const auto outcome = simplex.upperMap(capacity).costMap(cost).run();
  OC_CHECK(outcome == Simplex::OPTIMAL);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (simplex.flow(lemon::SmartDigraph::arcFromId(static_cast<int>(i))) > 0) {
      matches.push_back({candidates[i].row, candidates[i].column});
    }
  }
}

}  // namespace

std::vector<Match> best_matching(std::span<const Candidate> candidates) {
  int row_count = 0;
  int column_count = 0;
  for (const auto& candidate : candidates) {
    OC_CHECK(candidate.row >= 0 && candidate.column >= 0);
    row_count = std::max(row_count, candidate.row + 1);
    column_count = std::max(column_count, candidate.column + 1);
  }
  Components components(row_count + column_count);
  std::vector<std::pair<int, std::size_t>> by_component;  // component, index of the candidate
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!(candidates[i].gain > 0)) continue;
    components.join(candidates[i].row, row_count + candidates[i].column);
    by_component.emplace_back(0, i);
  }
  for (auto& [component, index] : by_component) component = components.find(candidates[index].row);
  std::sort(by_component.begin(), by_component.end());
  std::vector<Match> matches;
  std::vector<Candidate> together;
  for (std::size_t begin = 0; begin < by_component.size();) {
    together.clear();
    std::size_t end = begin;
    for (; end < by_component.size() && by_component[end].first == by_component[begin].first; ++end) {
      together.push_back(candidates[by_component[end].second]);
    }
    solve_component(together, matches);
    begin = end;
  }
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) { return a.row < b.row; });
  return matches;
}

}  // namespace ocelli::track
