#include "events/crowd_config.h"

#include <cstddef>

#include "events/anchor.h"

namespace ocelli::events {
namespace {

/// Whether walking around the corners is a turn in the same direction at each of them, and a real one.
bool is_convex(const std::vector<vision::UnitPoint>& corners) {
  int right_turns = 0;
  int left_turns = 0;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const auto corner = [&](std::size_t k) {
      return Anchor{corners[k % corners.size()].x, corners[k % corners.size()].y};
    };
    const double turned = turn(corner(i), corner(i + 1), corner(i + 2));
    if (turned > 1e-6) ++right_turns;
    if (turned < -1e-6) ++left_turns;
  }
  return static_cast<std::size_t>(right_turns) == corners.size() ||
         static_cast<std::size_t>(left_turns) == corners.size();
}

}  // namespace

std::optional<std::string> crowd_defect(const CrowdConfig& config) {
  if (config.window > config.gather) return "window must not be longer than gather";
  if (!config.ground.empty() && config.ground.size() != 4) return "ground must be four corners of a rectangle";
  if (!config.ground.empty() && (config.ground_width_m <= 0 || config.ground_depth_m <= 0)) {
    return "ground needs ground_width_m and ground_depth_m, the sides of its rectangle in metres";
  }
  if (!config.ground.empty() && !is_convex(config.ground)) {
    return "ground must be the corners in the order in which one walks around the rectangle";
  }
  return std::nullopt;
}

}  // namespace ocelli::events
