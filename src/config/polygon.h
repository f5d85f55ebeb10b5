#pragma once

#include <optional>
#include <span>
#include <string>

#include "vision/geometry.h"

namespace ocelli::config {

/// What keeps these corners (three or more) from being the outline of an area, for a person: two equal neighbours,
/// edges that cross or touch, no area. Nothing when they are fine. Exact for coordinates in 0…1.
std::optional<std::string> polygon_defect(std::span<const vision::UnitPoint> corners);

}  // namespace ocelli::config
