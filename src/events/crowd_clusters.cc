#include "events/crowd_clusters.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace ocelli::events {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// Union-find with path halving (Tarjan & van Leeuwen 1984); the root is the lowest index.
std::size_t root_of(std::vector<std::size_t>& parents, std::size_t index) {
  while (parents[index] != index) {
    parents[index] = parents[parents[index]];
    index = parents[index];
  }
  return index;
}

}  // namespace

CrowdClusters::CrowdClusters(const CrowdConfig& config)
    : join_m_(config.distance_m),
      leave_m_(config.distance_m * (1 + config.hysteresis)),
      core_neighbours_(config.people <= 2 ? 1 : 2) {}

std::vector<CrowdCluster> CrowdClusters::update(const std::vector<Person>& people) {
  std::vector<Pair> pairs;
  std::vector<std::vector<std::size_t>> neighbours(people.size());
  for (std::size_t i = 0; i < people.size(); ++i) {
    for (std::size_t k = i + 1; people[i].staying && k < people.size(); ++k) {
      if (!people[k].staying) continue;
      const double apart_m = distance_m(people[i].ground, people[k].ground);
      if (apart_m >= leave_m_) continue;
      const Pair pair{people[i].id, people[k].id};
      if (apart_m >= join_m_ && !std::binary_search(pairs_.begin(), pairs_.end(), pair)) continue;
      pairs.push_back(pair);
      neighbours[i].push_back(k);
      neighbours[k].push_back(i);
    }
  }
  pairs_ = std::move(pairs);

  const auto is_core = [&](std::size_t i) { return neighbours[i].size() >= core_neighbours_; };
  std::vector<std::size_t> parents(people.size());
  for (std::size_t i = 0; i < people.size(); ++i) parents[i] = i;
  for (std::size_t i = 0; i < people.size(); ++i) {
    for (const std::size_t k : neighbours[i]) {
      if (!is_core(i) || !is_core(k)) continue;
      const std::size_t a = root_of(parents, i);
      const std::size_t b = root_of(parents, k);
      parents[std::max(a, b)] = std::min(a, b);
    }
  }
  std::vector<CrowdCluster> clusters;
  std::vector<std::size_t> cluster_of(people.size(), kNone);  // by root
  for (std::size_t i = 0; i < people.size(); ++i) {
    std::size_t core = is_core(i) ? i : kNone;
    for (const std::size_t k : neighbours[i]) {  // on the border: with the nearest core
      if (is_core(i) || !is_core(k)) continue;
      const bool nearer = core == kNone || distance_m(people[i].ground, people[k].ground) <
                                               distance_m(people[i].ground, people[core].ground);
      if (nearer) core = k;
    }
    if (core == kNone) continue;
    std::size_t& cluster = cluster_of[root_of(parents, core)];
    if (cluster == kNone) {
      cluster = clusters.size();
      clusters.emplace_back();
    }
    clusters[cluster].members.push_back(people[i].id);
  }
  return clusters;
}

double CrowdClusters::farthest_neighbour_m(const CrowdCluster& cluster, const CrowdPeople& people) {
  double farthest = 0;
  for (const auto id : cluster.members) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto other : cluster.members) {
      if (other != id) nearest = std::min(nearest, distance_m(people.find(id)->ground, people.find(other)->ground));
    }
    farthest = std::max(farthest, nearest);
  }
  return farthest;
}

}  // namespace ocelli::events
