#pragma once

#include <array>
#include <optional>

#include "vision/geometry.h"

namespace ocelli::track {

/// A place on the ground, metres, in the frame that the camera was measured in.
struct GroundPoint {
  double x_m = 0;
  double y_m = 0;
};

/// A symmetric 2×2 matrix of variances, square metres.
struct GroundSpread {
  double xx = 0, xy = 0, yy = 0;
};

/// Where something stands, and how far off that may be.
struct Footing {
  GroundPoint place;
  GroundSpread spread;
};

/// What is known of the ground from where a camera stands and looks: which place is seen where. A value.
/// Source: Yi et al., "UCMCTrack", AAAI 2024, section "Mapped Measurement Distribution".
class GroundPlane {
 public:
  /// Row by row: pixels × depth = matrix · (x m, y m, 1), with a depth that is positive before the camera. None where
  /// the matrix has no inverse: then the camera sees no ground.
  static std::optional<GroundPlane> create(const std::array<double, 9>& ground_to_picture);

  /// None at and above the horizon.
  std::optional<GroundPoint> place(vision::PixelPoint point) const;
  /// For a place before the camera.
  vision::PixelPoint seen(GroundPoint place) const;
  /// Of the middle of its lower edge, which a detector misses by a twentieth of the height; likewise none.
  std::optional<Footing> footing(const vision::PixelBox& box) const;

 private:
  using Matrix = std::array<double, 9>;
  GroundPlane(const Matrix& to_picture, const Matrix& to_ground) : to_picture_(to_picture), to_ground_(to_ground) {}

  Matrix to_picture_;
  Matrix to_ground_;
};

}  // namespace ocelli::track
