#include "track/box_filter.h"

#include <algorithm>
#include <cstddef>

namespace ocelli::track {
namespace {

// The weights of SORT's and ByteTrack's filters, which are meant per frame at 30 frames per second, turned into noise
// per second. All are shares of the object's size.
constexpr double kFramesPerSecond = 30;
constexpr double kMeasurementDeviation = 1.0 / 20;
constexpr double kPositionNoise = kMeasurementDeviation * kMeasurementDeviation * kFramesPerSecond;  // size² / s
constexpr double kVelocityStep = kFramesPerSecond / 160;                                             // size / s
constexpr double kVelocityNoise = kVelocityStep * kVelocityStep * kFramesPerSecond;                  // size² / s³
constexpr double kFirstPositionDeviation = 2 * kMeasurementDeviation;
constexpr double kFirstVelocityDeviation = 10 * kVelocityStep;
constexpr double kMinSizePx = 1;

std::array<double, 4> coordinates(const vision::PixelBox& box) {
  return {box.left + box.width / 2.0, box.top + box.height / 2.0, box.width, box.height};
}

double squared(double value) {
  return value * value;
}

}  // namespace

BoxFilter::BoxFilter(const vision::PixelBox& first)
    : position_px_(coordinates(first)),
      position_variance_(squared(kFirstPositionDeviation * noise_scale_px())),
      velocity_variance_(squared(kFirstVelocityDeviation * noise_scale_px())) {}

/// The larger side: the height of a standing person, the length of a passing car.
double BoxFilter::noise_scale_px() const {
  return std::max({position_px_[2], position_px_[3], kMinSizePx});
}

void BoxFilter::predict(double dt_s) {
  const double size2 = squared(noise_scale_px());
  for (std::size_t i = 0; i < position_px_.size(); ++i) position_px_[i] += velocity_px_s_[i] * dt_s;
  position_px_[2] = std::max(position_px_[2], kMinSizePx);
  position_px_[3] = std::max(position_px_[3], kMinSizePx);
  // F P Fᵀ + Q with F = [1 dt; 0 1]; Q integrates white noise on position and on velocity over dt.
  position_variance_ += 2 * dt_s * covariance_ + dt_s * dt_s * velocity_variance_ +
                        size2 * (kPositionNoise * dt_s + kVelocityNoise * dt_s * dt_s * dt_s / 3);
  covariance_ += dt_s * velocity_variance_ + size2 * kVelocityNoise * dt_s * dt_s / 2;
  velocity_variance_ += size2 * kVelocityNoise * dt_s;
}

void BoxFilter::correct(const vision::PixelBox& seen) {
  const double innovation_variance = position_variance_ + squared(kMeasurementDeviation * noise_scale_px());
  const double position_gain = position_variance_ / innovation_variance;
  const double velocity_gain = covariance_ / innovation_variance;
  const auto measured = coordinates(seen);
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double innovation = measured[i] - position_px_[i];
    position_px_[i] += position_gain * innovation;
    velocity_px_s_[i] += velocity_gain * innovation;
  }
  position_px_[2] = std::max(position_px_[2], kMinSizePx);
  position_px_[3] = std::max(position_px_[3], kMinSizePx);
  velocity_variance_ -= velocity_gain * covariance_;
  covariance_ -= position_gain * covariance_;
  position_variance_ -= position_gain * position_variance_;
}

void BoxFilter::hold_size() {
  velocity_px_s_[2] = velocity_px_s_[3] = 0;
}

vision::PixelBox BoxFilter::box() const {
  const auto& [x, y, width, height] = position_px_;
  return {static_cast<float>(x - width / 2), static_cast<float>(y - height / 2), static_cast<float>(width),
          static_cast<float>(height)};
}

vision::PixelPoint BoxFilter::velocity_px_s() const {
  return {static_cast<float>(velocity_px_s_[0]), static_cast<float>(velocity_px_s_[1])};
}

}  // namespace ocelli::track
