#include "events/crowd_ruler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

namespace ocelli::events {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
// The belief before anybody was seen: cameras mostly hang at 2.5 to 6.5 m and look down by 10 to 40 degrees.
constexpr double kUsualTilt = 25 * kDegree;
constexpr double kTiltDoubt = 12 * kDegree;
constexpr double kUsualHeight = 4;
constexpr double kHeightDoubt = 0.5;  // of the logarithm
// Boxes of one row agree with each other to about this, however many there are: people differ and detectors lean.
constexpr double kRowDoubt = 0.02;
constexpr double kBoxDoubt = 0.08;
constexpr double kMemory = 4'000;    // boxes of a row after which older ones fade, so that a moved camera is learned
constexpr double kLowestRay = 0.02;  // downward share of a ray; below, metres explode

/// The height in which a camera shows a person whose feet are at `row`; all in focal lengths. Not above the horizon.
double seen_height(double row, double tilt, double height_m, double person_m) {
  const double down = row * std::cos(tilt) + std::sin(tilt);
  if (down < kLowestRay) return 0;
  const double forward_m = height_m / down * (std::cos(tilt) - row * std::sin(tilt));
  const double head_m = height_m - person_m;
  const double head_depth = head_m * std::sin(tilt) + forward_m * std::cos(tilt);
  if (head_depth <= 0) return 0;
  return row - (head_m * std::cos(tilt) - forward_m * std::sin(tilt)) / head_depth;
}

/// Solves the 8 × 8 system in place by Gauss's elimination with pivots; nothing when it has no single answer.
std::optional<std::array<double, 8>> solve(std::array<std::array<double, 9>, 8> rows) {
  for (std::size_t column = 0; column < 8; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < 8; ++row) {
      if (std::abs(rows[row][column]) > std::abs(rows[pivot][column])) pivot = row;
    }
    if (std::abs(rows[pivot][column]) < 1e-12) return std::nullopt;
    std::swap(rows[pivot], rows[column]);
    for (std::size_t row = 0; row < 8; ++row) {
      if (row == column) continue;
      const double factor = rows[row][column] / rows[column][column];
      for (std::size_t i = column; i < 9; ++i) rows[row][i] -= factor * rows[column][i];
    }
  }
  std::array<double, 8> answer{};
  for (std::size_t i = 0; i < 8; ++i) answer[i] = rows[i][8] / rows[i][i];
  return answer;
}

/// Direct linear transform from four points (Hartley & Zisserman, section 4.1). Coordinates count from the first
/// corner: it lies on the ground, so that the depth is 1 there and above 0 on all ground that is seen.
std::optional<std::array<double, 8>> homography_of(const CrowdConfig& config) {
  if (config.ground.size() != 4) return std::nullopt;
  const double width = config.ground_width_m;
  const double depth = config.ground_depth_m;
  const std::array<GroundPoint, 4> metres{{{0, 0}, {width, 0}, {width, depth}, {0, depth}}};
  std::array<std::array<double, 9>, 8> rows{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = config.ground[i].x - config.ground[0].x;
    const double y = config.ground[i].y - config.ground[0].y;
    rows[2 * i] = {x, y, 1, 0, 0, 0, -x * metres[i].x, -y * metres[i].x, metres[i].x};
    rows[2 * i + 1] = {0, 0, 0, x, y, 1, -x * metres[i].y, -y * metres[i].y, metres[i].y};
  }
  return solve(rows);
}

}  // namespace

CrowdRuler::CrowdRuler(const CrowdConfig& config)
    : homography_(homography_of(config)),
      homography_origin_(config.ground.empty() ? Anchor{} : Anchor{config.ground[0].x, config.ground[0].y}),
      person_m_(config.person_height_m),
      half_width_(std::tan(config.view_angle_deg / 2 * kDegree)),
      tilt_(kUsualTilt),
      height_m_(kUsualHeight) {}

void CrowdRuler::observe(const vision::PixelBox& box, PictureSize picture) {
  const bool whole = box.left > 1 && box.top > 1 && box.right() < static_cast<float>(picture.width - 1) &&
                     box.bottom() < static_cast<float>(picture.height - 1) && box.height > 0;
  if (homography_ || !whole) return;
  const double scale = 2 * half_width_ / picture.width;
  const double from_top = static_cast<double>(box.bottom()) / picture.height;
  Row& row = rows_[static_cast<std::size_t>(std::clamp(static_cast<int>(from_top * kRows), 0, kRows - 1))];
  const double fade = row.weight < kMemory ? 1 : 1 - 1 / kMemory;
  row.weight = row.weight * fade + 1;
  row.row = row.row * fade + (box.bottom() - picture.height / 2.0) * scale;
  row.height = row.height * fade + box.height * scale;
}

double CrowdRuler::cost(double tilt, double log_height) const {
  const auto squared = [](double value) { return value * value; };
  double sum =
      squared((tilt - kUsualTilt) / kTiltDoubt) + squared((log_height - std::log(kUsualHeight)) / kHeightDoubt);
  for (const auto& row : rows_) {
    if (row.weight <= 0) continue;
    const double expected = seen_height(row.row / row.weight, tilt, std::exp(log_height), person_m_);
    const double doubt = squared(kRowDoubt) + squared(kBoxDoubt) / row.weight;
    sum += squared(expected * row.weight / row.height - 1) / doubt;
  }
  return sum;
}

void CrowdRuler::fit() {
  if (homography_) return;
  // Two unknowns and a smooth valley: a pattern search (Hooke & Jeeves 1961) needs no derivatives and cannot diverge.
  double log_height = std::log(height_m_);
  double best = cost(tilt_, log_height);
  for (double step = 0.08; step > 0.0005; step /= 2) {
    for (bool better = true; better;) {
      better = false;
      for (const auto& [a, b] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}, {1, -1}, {-1, 1}}) {
        const double tilt = std::clamp(tilt_ + a * step, 0.0, 1.3);
        const double candidate = log_height + b * step;
        const double value = cost(tilt, candidate);
        if (value >= best - 1e-9) continue;
        best = value;
        tilt_ = tilt;
        log_height = candidate;
        better = true;
      }
    }
  }
  height_m_ = std::exp(log_height);
}

std::optional<GroundPoint> CrowdRuler::to_ground(Anchor point, PictureSize picture) const {
  if (homography_) {
    const auto& h = *homography_;
    const double x = point.x - homography_origin_.x;
    const double y = point.y - homography_origin_.y;
    const double depth = h[6] * x + h[7] * y + 1;
    if (depth < kLowestRay) return std::nullopt;
    return GroundPoint{(h[0] * x + h[1] * y + h[2]) / depth, (h[3] * x + h[4] * y + h[5]) / depth};
  }
  const double right = (2 * point.x - 1) * half_width_;
  const double row = (2 * point.y - 1) * half_width_ * picture.height / picture.width;
  const double down = row * std::cos(tilt_) + std::sin(tilt_);
  if (down < kLowestRay) return std::nullopt;
  const double along_m = height_m_ / down;
  return GroundPoint{right * along_m, along_m * (std::cos(tilt_) - row * std::sin(tilt_))};
}

}  // namespace ocelli::events
