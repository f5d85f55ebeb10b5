#include "events/ground.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace ocelli::events {
namespace {

constexpr std::size_t kUnknowns = 8;
using Row = std::array<double, kUnknowns + 1>;  // of the equations, with the right side last
using Equations = std::array<Row, kUnknowns>;

/// Gauss's elimination with the largest pivot; nothing when there is no single solution.
std::optional<std::array<double, kUnknowns>> solve(Equations rows) {
  for (std::size_t column = 0; column < kUnknowns; ++column) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(column);
    std::iter_swap(begin, std::max_element(begin, rows.end(), [&](const Row& a, const Row& b) {
                     return std::abs(a[column]) < std::abs(b[column]);
                   }));
    const Row& pivot = rows[column];
    if (std::abs(pivot[column]) < 1e-12) return std::nullopt;
    for (std::size_t row = 0; row < kUnknowns; ++row) {
      if (row == column) continue;
      const double factor = rows[row][column] / pivot[column];
      for (std::size_t i = column; i <= kUnknowns; ++i) rows[row][i] -= factor * pivot[i];
    }
  }
  std::array<double, kUnknowns> solution{};
  for (std::size_t i = 0; i < kUnknowns; ++i) solution[i] = rows[i][kUnknowns] / rows[i][i];
  return solution;
}

}  // namespace

Ground::Ground(const GroundConfig& config)
    : plane_(plane_through(config)), person_height_m_(static_cast<double>(config.person_height_m)) {
  if (!plane_) return;
  const Matrix& plane = *plane_;
  const double third = plane[6] * config.points[0].x + plane[7] * config.points[0].y + plane[8];
  sign_ = third < 0 ? -1 : 1;
}

/// The homography that takes the four points to their places, as in Hartley and Zisserman, "Multiple View Geometry",
/// section 4.1, with its last element set to 1.
std::optional<Ground::Matrix> Ground::plane_through(const GroundConfig& config) {
  if (config.points.size() != 4 || config.metres.size() != 4) return std::nullopt;
  Equations rows{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = config.points[i].x;
    const double y = config.points[i].y;
    const MetrePoint& place = config.metres[i];
    rows[2 * i] = {x, y, 1, 0, 0, 0, -place.x * x, -place.x * y, place.x};
    rows[2 * i + 1] = {0, 0, 0, x, y, 1, -place.y * x, -place.y * y, place.y};
  }
  const auto solution = solve(rows);
  if (!solution) return std::nullopt;
  Matrix plane{};
  std::copy(solution->begin(), solution->end(), plane.begin());
  plane[8] = 1;
  return plane;
}

std::optional<MetrePoint> Ground::place(Anchor anchor) const {
  if (!plane_) return std::nullopt;
  const Matrix& plane = *plane_;
  const double third = plane[6] * anchor.x + plane[7] * anchor.y + plane[8];
  if (third * sign_ < 1e-9) return std::nullopt;
  return MetrePoint{(plane[0] * anchor.x + plane[1] * anchor.y + plane[2]) / third,
                    (plane[3] * anchor.x + plane[4] * anchor.y + plane[5]) / third};
}

double Ground::metres_per_picture_height(const Object& person) const {
  const double height_px = std::max(1.0, static_cast<double>(person.track.box.height));
  return person_height_m_ * person.picture.height / height_px;
}

std::optional<double> Ground::distance_m(const Object& person, Anchor anchor) const {
  if (has_plane()) {
    const auto from = place(person.anchor);
    const auto to = place(anchor);
    if (!from || !to) return std::nullopt;
    return std::hypot(to->x - from->x, to->y - from->y);
  }
  const Anchor from = in_picture_heights(person.anchor, person.picture);
  const Anchor to = in_picture_heights(anchor, person.picture);
  return std::hypot(to.x - from.x, to.y - from.y) * metres_per_picture_height(person);
}

}  // namespace ocelli::events
