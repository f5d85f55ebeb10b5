#include "events/place_filter.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

constexpr double kSmoothing = 0.5;  // s
constexpr double kNoise = 0.1;      // m

media::MediaTime at(double s) {
  return media::from_seconds(s);
}

/// In metres; x is exact to a tenth of a metre, y to three tenths.
PlaceFilter::Sighting sighting(double x, double y) {
  return {{x, y}, {1, kNoise}, {1, 3 * kNoise}};
}

TEST(PlaceFilter, TheFirstSightingIsThePlace) {
  const PlaceFilter filter(sighting(3, 4), at(1), kSmoothing);
  EXPECT_DOUBLE_EQ(filter.smoothed(at(1)).x, 3);
  EXPECT_DOUBLE_EQ(filter.expected(at(2)).place.y, 4);
}

TEST(PlaceFilter, WhoStandsIsKnownBetterThanByAMeanOverTheSmoothing) {
  std::mt19937 random(1);
  const auto noise = [&random](double sigma) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random()) / 4294967296.0;
    return sigma * sum;
  };
  PlaceFilter filter(sighting(noise(kNoise), noise(3 * kNoise)), at(0), kSmoothing);
  double filtered = 0;
  double plain = 0;
  double mean = 0;
  const double gain = 1 - std::exp(-0.2 / kSmoothing);
  for (int i = 1; i <= 500; ++i) {
    const double y = noise(3 * kNoise);
    filter.see(sighting(noise(kNoise), y), at(0.2 * i));
    mean += gain * (y - mean);
    if (i <= 50) continue;
    filtered += std::pow(filter.smoothed(at(0.2 * i)).y, 2);
    plain += std::pow(mean, 2);
  }
  EXPECT_LT(std::sqrt(filtered), 0.5 * std::sqrt(plain));
}

TEST(PlaceFilter, WhoWalksIsFollowed) {
  PlaceFilter filter(sighting(0, 0), at(0), kSmoothing);
  double x = 0;
  for (int i = 1; i <= 100; ++i) {
    if (i > 50) x += 1.3 * 0.1;
    filter.see(sighting(x, 0), at(0.1 * i));
  }
  EXPECT_NEAR(filter.expected(at(10)).place.x, x, 0.05);
  EXPECT_NEAR(filter.smoothed(at(10)).x, x - 1.3 * kSmoothing, 0.1) << "the mean lies behind by its time constant";
  EXPECT_NEAR(filter.expected(at(10.3)).place.x, x + 0.3 * 1.3, 0.13) << "within a tenth of a second of walking";
}

TEST(PlaceFilter, WhoStopsStaysWhereTheyStopped) {
  PlaceFilter filter(sighting(0, 0), at(0), kSmoothing);
  double x = 0;
  for (int i = 1; i <= 100; ++i) {
    if (i <= 50) x += 1.3 * 0.1;
    filter.see(sighting(x, 0), at(0.1 * i));
  }
  EXPECT_NEAR(filter.smoothed(at(10)).x, x, 0.02);
  EXPECT_NEAR(filter.expected(at(11)).place.x, x, 0.02);
}

}  // namespace
}  // namespace ocelli::events
