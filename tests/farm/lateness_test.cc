#include "tests/farm/lateness.h"

#include <gtest/gtest.h>

namespace ocelli::farm {
namespace {

using std::chrono::microseconds;

TEST(LatenessHistogram, TellsQuantilesWithinAnEighth) {
  LatenessHistogram lateness;
  for (int late_us = 1; late_us <= 100'000; ++late_us) lateness.add(microseconds(late_us));
  EXPECT_NEAR(lateness.quantile_ms(0.5), 50, 50 / 8.0);
  EXPECT_NEAR(lateness.quantile_ms(0.99), 99, 99 / 8.0);
  EXPECT_EQ(lateness.maximum_ms(), 100);
}

TEST(LatenessHistogram, NeverTellsLessThanWasSeen) {
  for (const int late_us : {0, 1, 7, 8, 9, 15, 16, 17, 1000, 123'456'789}) {
    LatenessHistogram lateness;
    lateness.add(microseconds(late_us));
    EXPECT_DOUBLE_EQ(lateness.quantile_ms(0.5), late_us / 1000.0);
  }
}

TEST(LatenessHistogram, MergesAndKeepsTheMaximum) {
  LatenessHistogram all;
  LatenessHistogram second;
  all.add(microseconds(500));
  second.add(microseconds(90'000));
  all.merge(second);
  EXPECT_EQ(all.count(), 2U);
  EXPECT_EQ(all.maximum_ms(), 90);
}

}  // namespace
}  // namespace ocelli::farm
