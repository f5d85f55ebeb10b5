#pragma once

#include <array>

#include "track/camera_motion.h"
#include "vision/geometry.h"

namespace ocelli::track {

/// Kalman filter of one box: centre, width and height, each with a constant velocity that noise bends. Noise grows with
/// the size of the object and with time, continuously, so that one long step equals many short ones: frame intervals
/// may vary. Units: pixels and seconds. Never fails; boxes must be finite and not empty.
class BoxFilter {
 public:
  explicit BoxFilter(const vision::PixelBox& first);

  /// Moves the estimate `dt_s` ≥ 0 into the future.
  void predict(double dt_s);
  /// Takes in what a detector saw now; `noise` times as far off as usual.
  void correct(const vision::PixelBox& seen, double noise = 1);
  /// Forgets how the size changed: while nobody sees the object, it must not grow or shrink any further.
  void hold_size();

  /// The picture moved under the object.
  void follow(const CameraMotion& motion);
  /// The picture jumped, and `drift` was in its velocity all along.
  void follow(vision::PixelPoint jump_px, vision::PixelPoint drift_px_s);

  vision::PixelBox box() const;
  /// Of the centre.
  vision::PixelPoint velocity_px_s() const;

 private:
  using Coordinates = std::array<double, 4>;  // centre x, centre y, width, height

  double noise_scale_px() const;

  // The four coordinates see the same noise and do not depend on each other; so they share one 2×2 covariance, and the
  // filter of eight states falls apart into four of two, with no matrix to invert.
  Coordinates position_px_;
  Coordinates velocity_px_s_{};
  double position_variance_;
  double covariance_ = 0;
  double velocity_variance_;
};

}  // namespace ocelli::track
