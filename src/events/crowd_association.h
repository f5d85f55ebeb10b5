#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "events/crowd_clusters.h"
#include "events/crowd_config.h"
#include "events/crowd_state.h"
#include "media/media_time.h"

namespace ocelli::events {

/// Who belongs to which crowd, from frame to frame. A crowd goes on where most of its people are; people are told apart
/// by their place (CrowdPeople), so this holds for crowds too; of equal parts it goes on with the one that has who was
/// known first. A crowd that has not gathered yet joins another without a word; two that have gathered are kept apart,
/// each with its own people, until they were in touch for `settle`, less what they were apart in between.
/// People who leave together become a crowd of their own, which knows where it came from. One thread at a time.
class CrowdAssociation {
 public:
  struct Crowd {
    std::uint64_t id = 0;
    CrowdPhase phase = CrowdPhase::idle;        ///< as its state machine says: the owner keeps it current,
    std::chrono::nanoseconds together{};        ///< and this
    std::vector<std::uint64_t> members;         ///< now, ascending; empty: they do not stand together
    std::vector<std::uint64_t> newest_members;  ///< when they last stood together
    std::optional<std::uint64_t> split_from;
  };
  struct Merger {
    Crowd absorbed;
    std::uint64_t into = 0;
    std::chrono::nanoseconds touched{};
  };

  explicit CrowdAssociation(const CrowdConfig& config);

  /// Those that were absorbed with this frame, as they were before it.
  std::vector<Merger> update(media::MediaTime time, const std::vector<CrowdCluster>& clusters);

  /// Ascending by id.
  std::vector<Crowd>& crowds() { return crowds_; }
  void remove(std::uint64_t id);

 private:
  using Pair = std::pair<std::uint64_t, std::uint64_t>;  // of crowds, the lower id first
  using Claimants = std::vector<std::size_t>;
  static Pair pair_of(const Crowd& a, const Crowd& b) { return std::minmax(a.id, b.id); }
  std::vector<Claimants> claims(const std::vector<CrowdCluster>& clusters) const;
  void count_touches(media::MediaTime time, const std::vector<Claimants>& claimants);
  void share(const CrowdCluster& cluster, const Claimants& claimants, std::vector<Merger>& mergers);
  void found(const CrowdCluster& cluster);

  CrowdConfig config_;
  std::vector<Crowd> crowds_;
  std::map<Pair, Tally> touches_;  // of crowds that are or just were in one cluster
  std::uint64_t last_id_ = 0;
};

}  // namespace ocelli::events
