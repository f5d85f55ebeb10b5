#include "events/crowd_association.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace ocelli::events {
namespace {

using Ids = std::vector<std::uint64_t>;

// One person who walks from one crowd to another does not take the crowd along.
constexpr std::size_t kLeastClaim = 2;

Ids common(const Ids& a, const Ids& b) {
  Ids result;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

Ids without(const Ids& a, const Ids& b) {
  Ids result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

bool comes_first(const CrowdAssociation::Crowd& a, const CrowdAssociation::Crowd& b) {
  return a.phase != b.phase ? a.phase > b.phase : a.id < b.id;
}

}  // namespace

CrowdAssociation::CrowdAssociation(const CrowdConfig& config) : config_(config) {}

void CrowdAssociation::remove(std::uint64_t id) {
  std::erase_if(crowds_, [id](const Crowd& crowd) { return crowd.id == id; });
}

std::vector<CrowdAssociation::Merger> CrowdAssociation::update(media::MediaTime time,
                                                               const std::vector<CrowdCluster>& clusters) {
  const auto claimants = claims(clusters);
  for (auto& crowd : crowds_) crowd.members.clear();
  std::vector<Merger> mergers;
  std::vector<std::size_t> unclaimed;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (claimants[i].empty()) {
      unclaimed.push_back(i);
    } else {
      share(time, clusters[i], claimants[i], mergers);
    }
  }
  for (const auto& merger : mergers) remove(merger.absorbed.id);
  for (const std::size_t i : unclaimed) found(clusters[i]);
  for (auto& crowd : crowds_) {
    if (!crowd.members.empty()) crowd.newest_members = crowd.members;
  }
  return mergers;
}

/// For each cluster the crowds that have most of their people in it, the one that goes on first.
std::vector<std::vector<std::size_t>> CrowdAssociation::claims(const std::vector<CrowdCluster>& clusters) const {
  std::vector<std::vector<std::size_t>> claimants(clusters.size());
  for (std::size_t i = 0; i < crowds_.size(); ++i) {
    std::size_t most = 0;
    std::size_t where = 0;
    for (std::size_t k = 0; k < clusters.size(); ++k) {
      const std::size_t shared = common(crowds_[i].newest_members, clusters[k].members).size();
      if (shared > most) {
        most = shared;
        where = k;
      }
    }
    if (most >= kLeastClaim) claimants[where].push_back(i);
  }
  for (auto& crowds : claimants) {
    std::sort(crowds.begin(), crowds.end(),
              [this](std::size_t a, std::size_t b) { return comes_first(crowds_[a], crowds_[b]); });
  }
  return claimants;
}

void CrowdAssociation::share(media::MediaTime time, const CrowdCluster& cluster,
                             const std::vector<std::size_t>& claimants, std::vector<Merger>& mergers) {
  Crowd& first = crowds_[claimants.front()];
  first.members = cluster.members;
  first.touch.reset();
  for (std::size_t i = 1; i < claimants.size(); ++i) {
    Crowd& other = crowds_[claimants[i]];
    if (!other.touch || other.touch->other != first.id) other.touch = Crowd::Touch{first.id, time};
    const auto touched = time - other.touch->since;
    if (other.phase == CrowdPhase::idle || touched >= config_.settle) {
      mergers.push_back({other, first.id, touched});
      continue;
    }
    other.members = common(other.newest_members, first.members);
    first.members = without(first.members, other.members);
  }
}

void CrowdAssociation::found(const CrowdCluster& cluster) {
  std::optional<std::uint64_t> origin;
  for (const auto& crowd : crowds_) {
    const bool came_from_here = 2 * common(crowd.newest_members, cluster.members).size() >= cluster.members.size();
    if (came_from_here && crowd.phase != CrowdPhase::idle) origin = crowd.id;
  }
  Crowd& crowd = crowds_.emplace_back();
  crowd.id = ++last_id_;
  crowd.members = cluster.members;
  crowd.split_from = origin;
}

}  // namespace ocelli::events
