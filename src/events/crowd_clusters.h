#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "events/crowd_config.h"
#include "events/crowd_people.h"

namespace ocelli::events {

/// People who stand together, ascending by id.
struct CrowdCluster {
  std::vector<std::uint64_t> members;
};

/// Density clustering of those who stay: whoever has enough neighbours is a core, cores that are neighbours are one
/// cluster, and a neighbour of a core belongs to it (DBSCAN: Ester, Kriegel, Sander, Xu, KDD 1996). A pair becomes
/// neighbours within `distance_m` and remains such up to the hysteresis beyond it. The number of neighbours of a core
/// is two (one where a crowd may be a pair): with more, three people in a row would be none. One thread at a time.
class CrowdClusters {
 public:
  explicit CrowdClusters(const CrowdConfig& config);

  /// Clusters in the order of their first members. `people` ascend by id.
  std::vector<CrowdCluster> update(const std::vector<Person>& people);

  /// How far the loneliest member is from the next one. All members are among `people`.
  static double farthest_neighbour_m(const CrowdCluster& cluster, const CrowdPeople& people);

 private:
  using Pair = std::pair<std::uint64_t, std::uint64_t>;
  double join_m_;
  double leave_m_;
  std::size_t core_neighbours_;
  std::vector<Pair> pairs_;  // neighbours, ascending; of people in the last update
};

}  // namespace ocelli::events
