#include "config/polygon.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace ocelli::config {
namespace {

using vision::UnitPoint;

/// Twice the signed area of the triangle.
double turn(UnitPoint a, UnitPoint b, UnitPoint c) {
  const double abx = static_cast<double>(b.x) - a.x;
  const double aby = static_cast<double>(b.y) - a.y;
  const double acx = static_cast<double>(c.x) - a.x;
  const double acy = static_cast<double>(c.y) - a.y;
  return abx * acy - aby * acx;
}

bool within_box(UnitPoint a, UnitPoint b, UnitPoint point) {
  return std::min(a.x, b.x) <= point.x && point.x <= std::max(a.x, b.x) && std::min(a.y, b.y) <= point.y &&
         point.y <= std::max(a.y, b.y);
}

bool meet(UnitPoint a, UnitPoint b, UnitPoint c, UnitPoint d) {
  const double abc = turn(a, b, c);
  const double abd = turn(a, b, d);
  const double cda = turn(c, d, a);
  const double cdb = turn(c, d, b);
  if (((abc > 0 && abd < 0) || (abc < 0 && abd > 0)) && ((cda > 0 && cdb < 0) || (cda < 0 && cdb > 0))) return true;
  return (abc == 0 && within_box(a, b, c)) || (abd == 0 && within_box(a, b, d)) || (cda == 0 && within_box(c, d, a)) ||
         (cdb == 0 && within_box(c, d, b));
}

}  // namespace

std::optional<std::string> polygon_defect(std::span<const UnitPoint> corners) {
  const std::size_t count = corners.size();
  const auto corner = [&](std::size_t i) { return corners[i % count]; };
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t next = (i + 1) % count;
    if (corner(i) == corner(next)) return fmt::format("corners {} and {} are the same point", i + 1, next + 1);
  }
  for (std::size_t i = 0; i < count; ++i) {
    // Neighbours share a corner; they overlap only when the outline turns back on itself there.
    const UnitPoint a = corner(i);
    const UnitPoint b = corner(i + 1);
    const UnitPoint c = corner(i + 2);
    if (turn(a, b, c) == 0 && (within_box(a, b, c) || within_box(b, c, a))) {
      return fmt::format("the outline turns back on itself at corner {}", (i + 1) % count + 1);
    }
    for (std::size_t j = i + 2; j < count; ++j) {
      if ((j + 1) % count == i || !meet(a, b, corner(j), corner(j + 1))) continue;
      return fmt::format(
          "the edge between corners {} and {} meets the edge between {} and {}: list the corners in the order in which "
          "one walks around the zone",
          i + 1, i + 2, j + 1, (j + 1) % count + 1);
    }
  }
  return std::nullopt;
}

}  // namespace ocelli::config
