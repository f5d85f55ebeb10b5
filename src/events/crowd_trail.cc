#include "events/crowd_trail.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "events/crowd_clusters.h"

namespace ocelli::events {
namespace {

using Ids = std::vector<std::uint64_t>;

constexpr std::chrono::milliseconds kSnapshotEvery{250};
constexpr double kFramesPerSecond = 25;  // of "px per frame"

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Jaccard index of two ascending lists.
double overlap(const Ids& a, const Ids& b) {
  Ids common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  const std::size_t all = a.size() + b.size() - common.size();
  return all == 0 ? 0 : static_cast<double>(common.size()) / static_cast<double>(all);
}

GroundPoint center_of(const std::vector<GroundPoint>& points) {
  GroundPoint sum;
  for (const auto& point : points) {
    sum.x += point.x;
    sum.y += point.y;
  }
  const auto count = static_cast<double>(std::max<std::size_t>(points.size(), 1));
  return {sum.x / count, sum.y / count};
}

/// Within which half of the people are; the lower one of two, so that more than half must go before it grows.
double median_radius_m(const std::vector<GroundPoint>& points, GroundPoint center) {
  if (points.empty()) return 0;
  std::vector<double> radii;
  for (const auto& point : points) radii.push_back(distance_m(point, center));
  const auto middle = radii.begin() + static_cast<std::ptrdiff_t>((radii.size() - 1) / 2);
  std::nth_element(radii.begin(), middle, radii.end());
  return *middle;
}

double spread_m(const std::vector<GroundPoint>& points) {
  if (points.empty()) return 0;
  const GroundPoint center = center_of(points);
  double sum = 0;
  for (const auto& point : points) sum += distance_m(point, center) * distance_m(point, center);
  return std::sqrt(sum / static_cast<double>(points.size()));
}

std::vector<GroundPoint> places_of(const Ids& ids, const CrowdPeople& people, const std::set<std::uint64_t>& without) {
  std::vector<GroundPoint> points;
  for (const auto id : ids) {
    const Person* person = people.find(id);
    if (person != nullptr && !without.contains(id)) points.push_back(person->ground);
  }
  return points;
}

double mean_speed_px(const Ids& members, const CrowdPeople& people, std::chrono::nanoseconds window) {
  double sum = 0;
  for (const auto id : members) sum += people.find(id)->moved_px;
  const double frames = kFramesPerSecond * seconds(window);
  return members.empty() ? 0 : sum / static_cast<double>(members.size()) / frames;
}

}  // namespace

CrowdTrail::CrowdTrail(const CrowdConfig& config) : config_(config) {}

CrowdView CrowdTrail::measure(media::MediaTime time, const Ids& members, const CrowdPeople& people,
                              const std::set<std::uint64_t>& elsewhere) const {
  CrowdView view;
  view.people = static_cast<int>(members.size());
  view.neighbour_m = CrowdClusters::farthest_neighbour_m({members}, people);
  view.window_iou = mean_since(time - config_.gather, &Snapshot::window_iou);
  view.speed_px = mean_since(time - config_.loiter, &Snapshot::speed_px);
  const Snapshot* start = oldest_within(time, config_.drift_window);
  if (start != nullptr) view.drift_px = drift_px(*start, members, people);
  const Snapshot* then = oldest_within(time, config_.disperse);
  if (then == nullptr) return view;
  std::vector<GroundPoint> were;
  for (const auto& place : then->places) {
    if (const auto ground = people.ground_of(place)) were.push_back(*ground);
  }
  const auto are = places_of(then->members, people, elsewhere);
  const GroundPoint center = center_of(were);
  const double least = config_.least_radius_m;
  view.radius_growth = median_radius_m(are, center) / std::max(least, median_radius_m(were, center)) - 1;
  view.spread_growth = spread_m(are) / std::max(least, spread_m(were)) - 1;
  view.growth_s = seconds(time - then->time);
  return view;
}

void CrowdTrail::remember(media::MediaTime time, const Ids& members, const CrowdPeople& people) {
  if (!snapshots_.empty() && time - snapshots_.back().time < kSnapshotEvery) return;
  Snapshot snapshot;
  snapshot.time = time;
  snapshot.members = members;
  for (const auto id : members) snapshot.places.push_back(people.find(id)->place);
  const Snapshot* before = oldest_within(time, config_.window);
  snapshot.window_iou = before == nullptr ? 1 : overlap(before->members, members);
  snapshot.speed_px = mean_speed_px(members, people, config_.window);
  snapshots_.push_back(std::move(snapshot));
  const auto longest =
      std::max({config_.window, config_.disperse, config_.gather, config_.loiter, config_.drift_window});
  while (snapshots_.front().time < time - longest) snapshots_.pop_front();
}

double CrowdTrail::mean_since(media::MediaTime begin, double Snapshot::* value) const {
  double sum = 0;
  int count = 0;
  for (auto snapshot = snapshots_.rbegin(); snapshot != snapshots_.rend() && snapshot->time >= begin; ++snapshot) {
    sum += (*snapshot).*value;
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

/// Nothing when there is none so young.
const CrowdTrail::Snapshot* CrowdTrail::oldest_within(media::MediaTime time, std::chrono::nanoseconds age) const {
  const auto found = std::find_if(snapshots_.begin(), snapshots_.end(),
                                  [&](const Snapshot& snapshot) { return snapshot.time >= time - age; });
  return found == snapshots_.end() ? nullptr : &*found;
}

/// Of those who were members then and are now: who comes and goes does not move the centre. With none of them left it
/// is another crowd, infinitely far from the first.
double CrowdTrail::drift_px(const Snapshot& then, const Ids& members, const CrowdPeople& people) {
  Anchor sum;
  int stayed = 0;
  for (std::size_t i = 0; i < then.members.size(); ++i) {
    if (!std::binary_search(members.begin(), members.end(), then.members[i])) continue;
    const Anchor way = people.way_px(then.places[i], *people.find(then.members[i]));
    sum.x += way.x;
    sum.y += way.y;
    ++stayed;
  }
  return stayed == 0 ? std::numeric_limits<double>::infinity() : std::hypot(sum.x, sum.y) / stayed;
}

}  // namespace ocelli::events
