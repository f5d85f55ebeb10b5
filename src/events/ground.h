#pragma once

#include <array>
#include <optional>

#include "events/object.h"
#include "events/rules.h"

namespace ocelli::events {

/// Turns places in the picture into metres: by the plane through four known points, else by the height of people, who
/// are a ruler for what is about as far away as they are. A value.
class Ground {
 public:
  explicit Ground(const GroundConfig& config);

  bool has_plane() const { return plane_.has_value(); }
  /// On the plane; nothing without one, and for places at or beyond its horizon.
  std::optional<MetrePoint> place(Anchor anchor) const;
  /// By the object's own height, which has to be a person's.
  double metres_per_picture_height(const Object& person) const;
  /// From a person to a place; nothing where the plane ends.
  std::optional<double> distance_m(const Object& person, Anchor anchor) const;

 private:
  using Matrix = std::array<double, 9>;  // row by row

  static std::optional<Matrix> plane_through(const GroundConfig& config);

  std::optional<Matrix> plane_;
  double sign_ = 1;  // of the third coordinate on this side of the horizon
  double person_height_m_ = 0;
};

}  // namespace ocelli::events
