#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "events/crowd_clusters.h"
#include "events/crowd_config.h"
#include "events/crowd_state.h"
#include "media/media_time.h"

namespace ocelli::events {

/// Who belongs to which crowd, from frame to frame. A crowd goes on where most of its people are; people are told apart
/// by their place (CrowdPeople), so this holds for crowds too. A crowd that has not gathered yet joins another without
/// a word; two that have gathered are kept apart, each with its own people, until they were in touch for `settle`.
/// People who leave together become a crowd of their own, which knows where it came from. One thread at a time.
class CrowdAssociation {
 public:
  struct Crowd {
    std::uint64_t id = 0;
    CrowdPhase phase = CrowdPhase::idle;        ///< as its state machine says: the owner keeps it current
    std::vector<std::uint64_t> members;         ///< now, ascending; empty: they do not stand together
    std::vector<std::uint64_t> newest_members;  ///< when they last stood together
    std::optional<std::uint64_t> split_from;
    struct Touch {
      std::uint64_t other = 0;
      media::MediaTime since;
    };
    std::optional<Touch> touch;  ///< with a crowd that is older or further on
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
  std::vector<std::vector<std::size_t>> claims(const std::vector<CrowdCluster>& clusters) const;
  void share(media::MediaTime time, const CrowdCluster& cluster, const std::vector<std::size_t>& claimants,
             std::vector<Merger>& mergers);
  void found(const CrowdCluster& cluster);

  CrowdConfig config_;
  std::vector<Crowd> crowds_;
  std::uint64_t last_id_ = 0;
};

}  // namespace ocelli::events
