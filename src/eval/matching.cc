#include "eval/matching.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include "base/check.h"

namespace ocelli::eval {
namespace {

// Whole numbers keep the simplex exact; sums over a million rows still fit.
constexpr double kCostOfLargestGain = 1e12;

/// Numbers what it is given 0, 1, 2… in the order of first use; -1 is "not yet".
class Numbering {
 public:
  explicit Numbering(std::size_t size) : numbers_(size, -1) {}
  int of(int key) {
    int& number = numbers_[static_cast<std::size_t>(key)];
    if (number < 0) {
      number = static_cast<int>(used_.size());
      used_.push_back(key);
    }
    return number;
  }
  int count() const { return static_cast<int>(used_.size()); }
  void clear() {
    for (const int key : used_) numbers_[static_cast<std::size_t>(key)] = -1;
    used_.clear();
  }

 private:
  std::vector<int> numbers_;
  std::vector<int> used_;
};

/// Union-find over rows, then columns.
class Groups {
 public:
  explicit Groups(int size) : parent_(static_cast<std::size_t>(size)) { std::iota(parent_.begin(), parent_.end(), 0); }
  int find(int node) {
    while (parent(node) != node) node = parent(node) = parent(parent(node));
    return node;
  }
  void join(int a, int b) { parent(find(a)) = find(b); }

 private:
  int& parent(int node) { return parent_[static_cast<std::size_t>(node)]; }
  std::vector<int> parent_;
};

/// Matches one group of pairs that compete with each other.
class Solver {
 public:
  Solver(std::span<const Pair> pairs, int rows, int columns)
      : pairs_(pairs), rows_(static_cast<std::size_t>(rows)), columns_(static_cast<std::size_t>(columns)) {}

  void solve(std::span<const std::size_t> group, std::vector<std::size_t>& chosen) {
    rows_.clear();
    columns_.clear();
    for (const auto index : group) {
      rows_.of(pairs_[index].row);
      columns_.of(pairs_[index].column);
    }
    if (rows_.count() == 1 || columns_.count() == 1) {
      chosen.push_back(*std::max_element(
          group.begin(), group.end(), [&](std::size_t a, std::size_t b) { return pairs_[a].gain < pairs_[b].gain; }));
      return;
    }
    solve_competition(group, chosen);
  }

 private:
  using Graph = lemon::SmartDigraph;
  using Simplex = lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t>;

  /// Maximum weight as a circulation of least cost: hub → row → column → hub, one unit an arc.
  void solve_competition(std::span<const std::size_t> group, std::vector<std::size_t>& chosen) {
    double largest = 0;
    for (const auto index : group) largest = std::max(largest, pairs_[index].gain);
    Graph graph;
    const int row_count = rows_.count();
    const int column_count = columns_.count();
    for (int i = 0; i <= row_count + column_count; ++i) graph.addNode();
    const auto hub = Graph::nodeFromId(row_count + column_count);
    // Arcs that carry a pair come first, so that an arc's id is the pair's place in the group.
    for (const auto index : group) {
      graph.addArc(Graph::nodeFromId(rows_.of(pairs_[index].row)),
                   Graph::nodeFromId(row_count + columns_.of(pairs_[index].column)));
    }
    for (int row = 0; row < row_count; ++row) graph.addArc(hub, Graph::nodeFromId(row));
    for (int column = 0; column < column_count; ++column) graph.addArc(Graph::nodeFromId(row_count + column), hub);
    Graph::ArcMap<std::int64_t> capacity(graph, 1);
    Graph::ArcMap<std::int64_t> cost(graph, 0);
    for (std::size_t i = 0; i < group.size(); ++i) {
      cost[Graph::arcFromId(static_cast<int>(i))] = -std::llround(pairs_[group[i]].gain / largest * kCostOfLargestGain);
    }
    Simplex simplex(graph);
    const auto outcome = simplex.upperMap(capacity).costMap(cost).run();
    OC_CHECK(outcome == Simplex::OPTIMAL);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (simplex.flow(Graph::arcFromId(static_cast<int>(i))) > 0) chosen.push_back(group[i]);
    }
  }

  std::span<const Pair> pairs_;
  Numbering rows_;
  Numbering columns_;
};

}  // namespace

std::vector<std::size_t> best_pairs(std::span<const Pair> pairs) {
  int rows = 0;
  int columns = 0;
  for (const auto& pair : pairs) {
    OC_CHECK(pair.row >= 0 && pair.column >= 0);
    rows = std::max(rows, pair.row + 1);
    columns = std::max(columns, pair.column + 1);
  }
  // Far-apart objects do not compete: most groups are a single pair.
  Groups groups(rows + columns);
  std::vector<std::pair<int, std::size_t>> by_group;  // group, index of the pair
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!(pairs[i].gain > 0)) continue;
    groups.join(pairs[i].row, rows + pairs[i].column);
    by_group.emplace_back(0, i);
  }
  for (auto& [group, index] : by_group) group = groups.find(pairs[index].row);
  std::sort(by_group.begin(), by_group.end());
  Solver solver(pairs, rows, columns);
  std::vector<std::size_t> chosen;
  std::vector<std::size_t> together;
  for (std::size_t begin = 0; begin < by_group.size(); begin += together.size()) {
    together.clear();
    for (std::size_t i = begin; i < by_group.size() && by_group[i].first == by_group[begin].first; ++i) {
      together.push_back(by_group[i].second);
    }
    solver.solve(together, chosen);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace ocelli::eval
