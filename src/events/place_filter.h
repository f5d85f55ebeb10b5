#pragma once

#include <array>

#include "events/anchor.h"
#include "media/media_time.h"

namespace ocelli::events {

/// Where somebody is and has been in the mean, from noisy sightings: an interacting multiple model filter (Blom &
/// Bar-Shalom, IEEE Transactions on Automatic Control 33, 1988) of two beliefs, that they stand and that they walk.
/// Who stands is averaged over seconds, who walks is followed at once. Each belief is a Kalman filter in each direction
/// of the place, of the velocity (which forgets: Singer 1970) and of the mean of the place over the past, weighted by
/// exp(-age / smoothing): that mean lies behind, so that it is known better than the place.
/// A value. Units: shares of the picture, as Anchor; `Scale` tells what they mean.
class PlaceFilter {
 public:
  /// Of one direction at the place of a sighting.
  struct Scale {
    double metre = 1;  ///< shares
    double noise = 1;  ///< of a sighting: standard deviation, shares
  };
  struct Sighting {
    Anchor place;
    Scale x;
    Scale y;
  };

  PlaceFilter(const Sighting& first, media::MediaTime time, double smoothing_s);

  void see(const Sighting& sighting, media::MediaTime time);
  /// Of a sighting: where it should be, and how far off it may be in each direction, squared.
  struct Expectation {
    Anchor place;
    Anchor variance;
  };
  /// Not before the newest sighting.
  Expectation expected(media::MediaTime time) const;
  /// The mean. Not before the newest sighting.
  Anchor smoothed(media::MediaTime time) const;

 private:
  using Vector = std::array<double, 3>;  // place, velocity, mean
  using Matrix = std::array<Vector, 3>;
  struct Belief {
    Vector mean{};
    Matrix covariance{};
  };
  struct Motion {
    double speed_m_s;  // standard deviation
    double memory_s;   // after which a velocity is forgotten
  };
  struct Mode {
    double weight = 0;
    Belief x;
    Belief y;
  };
  static constexpr std::array<Motion, 2> kMotions{{{0.06, 0.5}, {0.9, 2}}};  // stands, walks

  static Belief first_belief(double place, const Scale& scale, const Motion& motion);
  static Belief mixed(const Belief& a, double share_a, const Belief& b);
  static double correct(Belief& belief, double place, double noise);
  Matrix step_of(const Motion& motion, double passed_s) const;
  Belief predicted(const Belief& belief, const Motion& motion, double metre, double passed_s) const;
  std::array<Mode, 2> interact(double passed_s) const;

  double smoothing_s_;
  media::MediaTime time_;
  Scale x_;
  Scale y_;
  std::array<Mode, 2> modes_;
};

}  // namespace ocelli::events
