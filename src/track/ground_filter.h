#pragma once

#include "track/ground_plane.h"

namespace ocelli::track {

/// Kalman filter of where somebody stands, with a constant velocity that noise bends: in metres, since people walk
/// alike near and far, towards the camera and across. Like BoxFilter, one long step equals many short ones. Units:
/// metres and seconds. Never fails; spreads must have an inverse, as those of GroundPlane do.
class GroundFilter {
 public:
  explicit GroundFilter(const Footing& first);

  void predict(double dt_s);
  void correct(const Footing& seen);
  /// The picture moved, and so did all that is told from it.
  void move_to(GroundPoint place) { place_ = place; }

  GroundPoint place() const { return place_; }
  /// Mahalanobis distance, squared, of what is seen from what is expected.
  double squared_distance(const Footing& seen) const;

 private:
  GroundPoint place_;
  GroundPoint velocity_;  // metres per second
  GroundSpread place_spread_;
  GroundSpread velocity_spread_;
  double xx_ = 0, xy_ = 0, yx_ = 0, yy_ = 0;  // covariance of place (first) and velocity
};

}  // namespace ocelli::track
