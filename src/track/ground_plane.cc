#include "track/ground_plane.h"

#include <algorithm>
#include <cmath>

namespace ocelli::track {
namespace {

constexpr double kDeviationInHeights = 0.05;
constexpr double kLeastDeviationPx = 2;
/// Farther away is the horizon.
constexpr double kMaxDepthM = 1e4;

double squared(double value) {
  return value * value;
}

}  // namespace

std::optional<GroundPlane> GroundPlane::create(const std::array<double, 9>& ground_to_picture) {
  const auto& m = ground_to_picture;
  // The inverse by cofactors.
  Matrix inverse{m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
                 m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
                 m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
  const double determinant = m[0] * inverse[0] + m[1] * inverse[3] + m[2] * inverse[6];
  for (double& value : inverse) value /= determinant;
  if (!std::all_of(inverse.begin(), inverse.end(), [](double value) { return std::isfinite(value); })) {
    return std::nullopt;
  }
  return GroundPlane(m, inverse);
}

std::optional<GroundPoint> GroundPlane::place(vision::PixelPoint point) const {
  const auto& [xu, xv, x1, yu, yv, y1, wu, wv, w1] = to_ground_;
  const double inverse_depth = wu * point.x + wv * point.y + w1;
  if (!(inverse_depth > 1 / kMaxDepthM)) return std::nullopt;
  return GroundPoint{(xu * point.x + xv * point.y + x1) / inverse_depth,
                     (yu * point.x + yv * point.y + y1) / inverse_depth};
}

vision::PixelPoint GroundPlane::seen(GroundPoint place) const {
  const auto& [ux, uy, u1, vx, vy, v1, dx, dy, d1] = to_picture_;
  const double depth = dx * place.x_m + dy * place.y_m + d1;
  return {static_cast<float>((ux * place.x_m + uy * place.y_m + u1) / depth),
          static_cast<float>((vx * place.x_m + vy * place.y_m + v1) / depth)};
}

std::optional<Footing> GroundPlane::footing(const vision::PixelBox& box) const {
  const auto point = box.bottom_center();
  const auto at = place(point);
  if (!at) return std::nullopt;
  const auto& [xu, xv, x1, yu, yv, y1, wu, wv, w1] = to_ground_;
  const double inverse_depth = wu * point.x + wv * point.y + w1;
  const double variance = squared(std::max(kDeviationInHeights * box.height, kLeastDeviationPx) / inverse_depth);
  // Rows of the Jacobian, without the variance's share.
  const double x_by_u = xu - at->x_m * wu;
  const double x_by_v = xv - at->x_m * wv;
  const double y_by_u = yu - at->y_m * wu;
  const double y_by_v = yv - at->y_m * wv;
  return Footing{*at,
                 {variance * (squared(x_by_u) + squared(x_by_v)), variance * (x_by_u * y_by_u + x_by_v * y_by_v),
                  variance * (squared(y_by_u) + squared(y_by_v))}};
}

}  // namespace ocelli::track
