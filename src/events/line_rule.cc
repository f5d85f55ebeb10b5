#include "events/line_rule.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <utility>

namespace ocelli::events {
namespace {

std::vector<Anchor> anchors_of(const LineConfig& config) {
  std::vector<Anchor> anchors;
  for (const auto& point : points_of(config)) anchors.push_back({point.x, point.y});
  return anchors;
}

std::vector<GridPoint> grid_of(const std::vector<Anchor>& anchors) {
  std::vector<GridPoint> points;
  for (const auto& anchor : anchors) points.push_back(to_grid(anchor));
  return points;
}

double distance_to_segment(Anchor point, Anchor from, Anchor to) {
  const double dx = to.x - from.x;
  const double dy = to.y - from.y;
  const double length_squared = dx * dx + dy * dy;
  const double along = (point.x - from.x) * dx + (point.y - from.y) * dy;
  const double share = length_squared > 0 ? std::clamp(along / length_squared, 0.0, 1.0) : 0;
  return std::hypot(point.x - from.x - share * dx, point.y - from.y - share * dy);
}

}  // namespace

std::vector<vision::UnitPoint> points_of(const LineConfig& line) {
  std::vector<vision::UnitPoint> points{line.from};
  points.insert(points.end(), line.via.begin(), line.via.end());
  points.push_back(line.to);
  return points;
}

LineRule::LineRule(const LineConfig& config) : config_(config), points_(anchors_of(config)), grid_(grid_of(points_)) {}

double LineRule::distance_px(Anchor anchor, PictureSize picture) const {
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < points_.size(); ++i) {
    nearest = std::min(nearest, distance_to_segment(to_pixels(anchor, picture), to_pixels(points_[i - 1], picture),
                                                    to_pixels(points_[i], picture)));
  }
  return nearest;
}

void LineRule::step(Walk& walk, GridPoint here, media::MediaTime time) const {
  const std::chrono::duration<double, std::nano> passed = time - walk.last_seen;
  for (std::size_t i = 1; i < grid_.size(); ++i) {
    const int crossing = signed_crossing(walk.last, here, grid_[i - 1], grid_[i]);
    if (crossing == 0) continue;
    walk.crossings += crossing;
    const double share = share_before_crossing(walk.last, here, grid_[i - 1], grid_[i]);
    const auto at = walk.last_seen + std::chrono::round<std::chrono::nanoseconds>(passed * share);
    media::MediaTime& newest = crossing > 0 ? walk.forward_at : walk.backward_at;
    newest = std::max(newest, at);
  }
  walk.last = here;
  walk.last_seen = time;
}

LineRule::Count LineRule::nearly_counted(const Walk& walk) {
  if (walk.nearly == 0) return {};
  return {0,
          walk.nearly,
          walk.newest(walk.nearly),
          {at_least("crossings_since_last_side", 1, 1),
           {"distance_from_line_px", walk.beyond_px, walk.hysteresis_px, false, Need::at_least}}};
}

LineRule::Count LineRule::see(std::uint64_t object, Anchor anchor, PictureSize picture, media::MediaTime time) {
  const double distance = distance_px(anchor, picture);
  const auto [entry, is_new] = walks_.try_emplace(object, Walk{to_grid(anchor), time});
  Walk& walk = entry->second;
  walk.hysteresis_px = static_cast<double>(config_.hysteresis) * picture.height;
  const GridPoint here = to_grid(anchor);
  if (!is_new && walk.came_from_a_side) {
    step(walk, here, time);
  } else {
    walk.last = here;
    walk.last_seen = time;
  }
  if (!(distance > walk.hysteresis_px)) {
    if (walk.crossings != 0) {
      walk.nearly = walk.crossings > 0 ? 1 : -1;
      walk.beyond_px = std::max(walk.beyond_px, distance);
    }
    return {};
  }
  walk.came_from_a_side = true;
  Count count = nearly_counted(walk);
  walk.nearly = 0;
  walk.beyond_px = 0;
  const int crossings = std::exchange(walk.crossings, 0);
  if (crossings == 0) return count;
  return {crossings,
          0,
          walk.newest(crossings),
          {{"crossings_since_last_side", static_cast<double>(std::abs(crossings)), 1, true},
           {"distance_from_line_px", distance, walk.hysteresis_px, true}}};
}

LineRule::Count LineRule::forget(std::uint64_t object) {
  const auto walk = walks_.find(object);
  if (walk == walks_.end()) return {};
  Count count;
  if (walk->second.crossings != 0) count = nearly_counted(walk->second);
  walks_.erase(walk);
  return count;
}

}  // namespace ocelli::events
