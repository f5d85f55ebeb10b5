#include "track/box_filter.h"

#include <algorithm>
#include <cstddef>

namespace ocelli::track {
namespace {

// All are shares of the object's size. Detectors are off by about a twentieth of it (SORT's and ByteTrack's weight).
// The noise of motion has their form, turned from frames at 30 a second into seconds; measured on mot17val, mot15 and
// dance, the position is less certain than theirs (0.07 instead of 0.05 a frame) and the velocity more (0.003 instead
// of 0.00625): people start and stop at once, but detections jump more than people turn.
constexpr double kFramesPerSecond = 30;
constexpr double kMeasurementDeviation = 1.0 / 20;
constexpr double kPositionNoise = 0.07 * 0.07 * kFramesPerSecond;                    // size² / s
constexpr double kVelocityStep = 0.003 * kFramesPerSecond;                           // size / s, a frame
constexpr double kVelocityNoise = kVelocityStep * kVelocityStep * kFramesPerSecond;  // size² / s³
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

void BoxFilter::correct(const vision::PixelBox& seen, double noise) {
  const double innovation_variance = position_variance_ + squared(noise * kMeasurementDeviation * noise_scale_px());
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

void BoxFilter::follow(const CameraMotion& motion) {
  const auto at = motion.moved({static_cast<float>(position_px_[0]), static_cast<float>(position_px_[1])});
  const auto velocity = motion.turned(velocity_px_s());
  position_px_ = {at.x, at.y, position_px_[2] * motion.zoom(), position_px_[3] * motion.zoom()};
  velocity_px_s_[0] = velocity.x;
  velocity_px_s_[1] = velocity.y;
}

void BoxFilter::follow(vision::PixelPoint jump_px, vision::PixelPoint drift_px_s) {
  position_px_[0] += jump_px.x;
  position_px_[1] += jump_px.y;
  velocity_px_s_[0] += drift_px_s.x;
  velocity_px_s_[1] += drift_px_s.y;
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
