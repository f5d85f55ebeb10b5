#include "events/place_filter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace ocelli::events {
namespace {

// Mean times for which somebody goes on standing and walking.
constexpr std::array<double, 2> kLasts{15, 5};  // s

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

PlaceFilter::PlaceFilter(const Sighting& first, media::MediaTime time, double smoothing_s)
    : smoothing_s_(smoothing_s), time_(time), x_(first.x), y_(first.y) {
  for (std::size_t i = 0; i < modes_.size(); ++i) {
    modes_[i] = {0.5, first_belief(first.place.x, x_, kMotions[i]), first_belief(first.place.y, y_, kMotions[i])};
  }
}

PlaceFilter::Belief PlaceFilter::first_belief(double place, const Scale& scale, const Motion& motion) {
  const double variance = scale.noise * scale.noise;
  const double speed = motion.speed_m_s * scale.metre;
  return {{place, 0, place}, {{{variance, 0, variance}, {0, speed * speed, 0}, {variance, 0, variance}}}};
}

/// One belief with the mean and the covariance of both.
PlaceFilter::Belief PlaceFilter::mixed(const Belief& a, double share_a, const Belief& b) {
  Belief mix;
  const double share_b = 1 - share_a;
  for (std::size_t i = 0; i < 3; ++i) mix.mean[i] = share_a * a.mean[i] + share_b * b.mean[i];
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double apart = (a.mean[i] - b.mean[i]) * (a.mean[k] - b.mean[k]);
      mix.covariance[i][k] = share_a * a.covariance[i][k] + share_b * b.covariance[i][k] + share_a * share_b * apart;
    }
  }
  return mix;
}

/// A velocity v that forgets moves the place by v memory (1 - fade) and keeps fade v; the mean comes nearer to the new
/// place by its gain.
PlaceFilter::Matrix PlaceFilter::step_of(const Motion& motion, double passed_s) const {
  const double fade = std::exp(-passed_s / motion.memory_s);
  const double reach = motion.memory_s * (1 - fade);
  const double gain = 1 - std::exp(-passed_s / smoothing_s_);
  return {{{1, reach, 0}, {0, fade, 0}, {gain, gain * reach, 1 - gain}}};
}

/// With the noise of the integrated Ornstein-Uhlenbeck process.
PlaceFilter::Belief PlaceFilter::predicted(const Belief& belief, const Motion& motion, double metre,
                                           double passed_s) const {
  const Matrix step = step_of(motion, passed_s);
  const double fade = step[1][1];
  const double gain = step[2][0];
  const double memory = motion.memory_s;
  const double variance = motion.speed_m_s * motion.speed_m_s * metre * metre;
  const double place = variance * memory * memory * (2 * passed_s / memory - 3 + 4 * fade - fade * fade);
  const double both = variance * memory * (1 - fade) * (1 - fade);
  const Matrix noise{{{place, both, gain * place},
                      {both, variance * (1 - fade * fade), gain * both},
                      {gain * place, gain * both, gain * gain * place}}};
  Belief next;
  Matrix half{};  // step × covariance
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      next.mean[i] += step[i][k] * belief.mean[k];
      for (std::size_t m = 0; m < 3; ++m) half[i][k] += step[i][m] * belief.covariance[m][k];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      next.covariance[i][k] = noise[i][k];
      for (std::size_t m = 0; m < 3; ++m) next.covariance[i][k] += half[i][m] * step[k][m];
    }
  }
  return next;
}

/// Takes a sighting in; the logarithm of its likelihood, less what is equal for all.
double PlaceFilter::correct(Belief& belief, double place, double noise) {
  const double variance = belief.covariance[0][0] + noise * noise;
  const double surprise = place - belief.mean[0];
  const Vector of_place = belief.covariance[0];
  for (std::size_t i = 0; i < 3; ++i) {
    const double gain = of_place[i] / variance;
    belief.mean[i] += gain * surprise;
    for (std::size_t k = 0; k < 3; ++k) belief.covariance[i][k] -= gain * of_place[k];
  }
  return -0.5 * (surprise * surprise / variance + std::log(variance));
}

/// What each belief was before the time that passed, given that it holds after it; with the weights of now.
std::array<PlaceFilter::Mode, 2> PlaceFilter::interact(double passed_s) const {
  std::array<Mode, 2> modes;
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const Mode& same = modes_[i];
    const Mode& other = modes_[1 - i];
    const double stayed = same.weight * std::exp(-passed_s / kLasts[i]);
    const double came = other.weight * (1 - std::exp(-passed_s / kLasts[1 - i]));
    const double share = stayed / (stayed + came);
    modes[i] = {stayed + came, mixed(same.x, share, other.x), mixed(same.y, share, other.y)};
  }
  return modes;
}

void PlaceFilter::see(const Sighting& sighting, media::MediaTime time) {
  const double passed_s = seconds(time - time_);
  time_ = time;
  x_ = sighting.x;
  y_ = sighting.y;
  modes_ = interact(passed_s);
  std::array<double, 2> logarithms{};
  for (std::size_t i = 0; i < modes_.size(); ++i) {
    Mode& mode = modes_[i];
    mode.x = predicted(mode.x, kMotions[i], x_.metre, passed_s);
    mode.y = predicted(mode.y, kMotions[i], y_.metre, passed_s);
    logarithms[i] = std::log(mode.weight) + correct(mode.x, sighting.place.x, x_.noise) +
                    correct(mode.y, sighting.place.y, y_.noise);
  }
  // No belief is ever given up, or it could not come back.
  constexpr double kLeast = 1e-3;
  const double walks = 1 / (1 + std::exp(logarithms[0] - logarithms[1]));
  modes_[1].weight = std::clamp(walks, kLeast, 1 - kLeast);
  modes_[0].weight = 1 - modes_[1].weight;
}

PlaceFilter::Expectation PlaceFilter::expected(media::MediaTime time) const {
  const double passed_s = std::max(0.0, seconds(time - time_));
  std::array<Mode, 2> modes = modes_;
  for (std::size_t i = 0; i < modes.size(); ++i) {
    modes[i].x = predicted(modes[i].x, kMotions[i], x_.metre, passed_s);
    modes[i].y = predicted(modes[i].y, kMotions[i], y_.metre, passed_s);
  }
  const Belief x = mixed(modes[0].x, modes[0].weight, modes[1].x);
  const Belief y = mixed(modes[0].y, modes[0].weight, modes[1].y);
  return {{x.mean[0], y.mean[0]}, {x.covariance[0][0] + x_.noise * x_.noise, y.covariance[0][0] + y_.noise * y_.noise}};
}

Anchor PlaceFilter::smoothed(media::MediaTime time) const {
  const double passed_s = std::max(0.0, seconds(time - time_));
  Anchor mean;
  for (std::size_t i = 0; i < modes_.size(); ++i) {
    const Vector step = step_of(kMotions[i], passed_s)[2];
    for (std::size_t k = 0; k < 3; ++k) {
      mean.x += modes_[i].weight * step[k] * modes_[i].x.mean[k];
      mean.y += modes_[i].weight * step[k] * modes_[i].y.mean[k];
    }
  }
  return mean;
}

}  // namespace ocelli::events
