#include "events/crowd_association.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <set>
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
  if (a.phase != b.phase) return a.phase > b.phase;
  return a.together != b.together ? a.together > b.together : a.id < b.id;
}

}  // namespace

CrowdAssociation::CrowdAssociation(const CrowdConfig& config) : config_(config) {}

void CrowdAssociation::remove(std::uint64_t id) {
  std::erase_if(crowds_, [id](const Crowd& crowd) { return crowd.id == id; });
}

std::vector<CrowdAssociation::Merger> CrowdAssociation::update(media::MediaTime time,
                                                               const std::vector<CrowdCluster>& clusters) {
  const auto claimants = claims(clusters);
  count_touches(time, claimants);
  for (auto& crowd : crowds_) crowd.members.clear();
  std::vector<Merger> mergers;
  std::vector<std::size_t> unclaimed;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (claimants[i].empty()) {
      unclaimed.push_back(i);
    } else {
      share(clusters[i], claimants[i], mergers);
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
std::vector<CrowdAssociation::Claimants> CrowdAssociation::claims(const std::vector<CrowdCluster>& clusters) const {
  std::vector<Claimants> claimants(clusters.size());
  for (std::size_t i = 0; i < crowds_.size(); ++i) {
    Ids most;
    std::size_t where = 0;
    for (std::size_t k = 0; k < clusters.size(); ++k) {
      Ids shared = common(crowds_[i].newest_members, clusters[k].members);
      const bool known_first = shared.size() == most.size() && !shared.empty() && shared.front() < most.front();
      if (shared.size() < most.size() || (shared.size() == most.size() && !known_first)) continue;
      most = std::move(shared);
      where = k;
    }
    if (most.size() >= kLeastClaim) claimants[where].push_back(i);
  }
  for (auto& crowds : claimants) {
    std::sort(crowds.begin(), crowds.end(),
              [this](std::size_t a, std::size_t b) { return comes_first(crowds_[a], crowds_[b]); });
  }
  return claimants;
}

void CrowdAssociation::count_touches(media::MediaTime time, const std::vector<Claimants>& claimants) {
  std::set<Pair> touching;
  for (const auto& together : claimants) {
    for (const std::size_t i : together) {
      for (const std::size_t k : together) {
        if (i < k) touching.insert(pair_of(crowds_[i], crowds_[k]));
      }
    }
  }
  for (const auto& pair : touching) touches_.try_emplace(pair);
  for (auto& [pair, tally] : touches_) tally.update(time, touching.contains(pair));
  std::erase_if(touches_, [&](const auto& touch) {
    return touch.second.held() == std::chrono::nanoseconds{} && !touching.contains(touch.first);
  });
}

void CrowdAssociation::share(const CrowdCluster& cluster, const Claimants& claimants, std::vector<Merger>& mergers) {
  Crowd& first = crowds_[claimants.front()];
  first.members = cluster.members;
  for (std::size_t i = 1; i < claimants.size(); ++i) {
    Crowd& other = crowds_[claimants[i]];
    const auto touched = touches_.at(pair_of(first, other)).held();
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
