#include "track/ground_filter.h"

namespace ocelli::track {
namespace {

/// m²/s³. UCMCTrack's one setting for all, 5 m²/s⁴ in each frame, at 30 frames a second.
constexpr double kVelocityNoise = 5.0 / 30;
/// Half of what people walk.
constexpr double kFirstVelocityDeviation = 0.7;

struct Difference {
  double x = 0, y = 0;
};

Difference operator-(GroundPoint a, GroundPoint b) {
  return {a.x_m - b.x_m, a.y_m - b.y_m};
}

GroundSpread operator+(const GroundSpread& a, const GroundSpread& b) {
  return {a.xx + b.xx, a.xy + b.xy, a.yy + b.yy};
}

GroundSpread inverse(const GroundSpread& spread) {
  const double determinant = spread.xx * spread.yy - spread.xy * spread.xy;
  return {spread.yy / determinant, -spread.xy / determinant, spread.xx / determinant};
}

/// A row of a gain: a row of covariances times a symmetric matrix.
Difference times(double x, double y, const GroundSpread& spread) {
  return {x * spread.xx + y * spread.xy, x * spread.xy + y * spread.yy};
}

double dot(Difference row, double x, double y) {
  return row.x * x + row.y * y;
}

}  // namespace

GroundFilter::GroundFilter(const Footing& first)
    : place_(first.place),
      place_spread_(first.spread),
      velocity_spread_{kFirstVelocityDeviation * kFirstVelocityDeviation, 0,
                       kFirstVelocityDeviation * kFirstVelocityDeviation} {}

void GroundFilter::predict(double dt_s) {
  place_.x_m += velocity_.x_m * dt_s;
  place_.y_m += velocity_.y_m * dt_s;
  // F P Fᵀ + Q with F = [1 dt; 0 1] in both directions; Q integrates white noise on the velocity over dt.
  const double noise = kVelocityNoise * dt_s * dt_s * dt_s / 3;
  place_spread_.xx += 2 * dt_s * xx_ + dt_s * dt_s * velocity_spread_.xx + noise;
  place_spread_.yy += 2 * dt_s * yy_ + dt_s * dt_s * velocity_spread_.yy + noise;
  place_spread_.xy += dt_s * (xy_ + yx_) + dt_s * dt_s * velocity_spread_.xy;
  xx_ += dt_s * velocity_spread_.xx + kVelocityNoise * dt_s * dt_s / 2;
  yy_ += dt_s * velocity_spread_.yy + kVelocityNoise * dt_s * dt_s / 2;
  xy_ += dt_s * velocity_spread_.xy;
  yx_ += dt_s * velocity_spread_.xy;
  velocity_spread_.xx += kVelocityNoise * dt_s;
  velocity_spread_.yy += kVelocityNoise * dt_s;
}

void GroundFilter::correct(const Footing& seen) {
  const auto surprise = seen.place - place_;
  const auto precision = inverse(place_spread_ + seen.spread);
  const GroundSpread before = place_spread_;
  // The gain's rows: of the place's x and y, of the velocity's x and y.
  const auto x = times(before.xx, before.xy, precision);
  const auto y = times(before.xy, before.yy, precision);
  const auto x_velocity = times(xx_, yx_, precision);
  const auto y_velocity = times(xy_, yy_, precision);
  place_.x_m += dot(x, surprise.x, surprise.y);
  place_.y_m += dot(y, surprise.x, surprise.y);
  velocity_.x_m += dot(x_velocity, surprise.x, surprise.y);
  velocity_.y_m += dot(y_velocity, surprise.x, surprise.y);
  // P - K H P
  velocity_spread_.xx -= dot(x_velocity, xx_, yx_);
  velocity_spread_.xy -= dot(x_velocity, xy_, yy_);
  velocity_spread_.yy -= dot(y_velocity, xy_, yy_);
  const GroundPoint with_x_velocity{xx_ - dot(x, xx_, yx_), yx_ - dot(y, xx_, yx_)};
  const GroundPoint with_y_velocity{xy_ - dot(x, xy_, yy_), yy_ - dot(y, xy_, yy_)};
  xx_ = with_x_velocity.x_m;
  yx_ = with_x_velocity.y_m;
  xy_ = with_y_velocity.x_m;
  yy_ = with_y_velocity.y_m;
  place_spread_.xx -= dot(x, before.xx, before.xy);
  place_spread_.xy -= dot(x, before.xy, before.yy);
  place_spread_.yy -= dot(y, before.xy, before.yy);
}

double GroundFilter::squared_distance(const Footing& seen) const {
  const auto off = seen.place - place_;
  return dot(times(off.x, off.y, inverse(place_spread_ + seen.spread)), off.x, off.y);
}

}  // namespace ocelli::track
