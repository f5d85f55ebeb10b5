#include "vision/internal/resample_table.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::vision::internal {
namespace {

RC_GTEST_PROP(ResampleTable, SharesEveryOutputAmongSamplesThatExist, ()) {
  const int pixels = *rc::gen::inRange(1, 700);
  const int output = *rc::gen::inRange(1, 200);
  const auto filter = *rc::gen::element(ResizeFilter::area, ResizeFilter::bilinear);
  const bool halved = *rc::gen::element(false, true);
  const int source = halved ? (pixels + 1) / 2 : pixels;
  const ResampleTable table = make_resample_table(source, halved ? pixels : 2 * pixels, output, filter);
  for (std::size_t i = 0; i < static_cast<std::size_t>(output); ++i) {
    float sum = 0;
    for (int t = 0; t < table.taps; ++t) sum += table.weight(t)[i];
    RC_ASSERT(std::abs(sum - 1) < 1e-4F);
    RC_ASSERT(table.start[i] >= 0 && table.start[i] + table.count[i] <= source);
    const bool never_back = i == 0 || table.start[i] >= table.start[i - 1];
    RC_ASSERT(never_back);  // RC_ASSERT itself evaluates both sides of ||
  }
}

TEST(ResampleTable, CoversExactlyAtAFractionalRatio) {
  const ResampleTable table = make_resample_table(3, 6, 2, ResizeFilter::area);
  ASSERT_EQ(table.taps, 2);
  EXPECT_FLOAT_EQ(table.weight(0)[0], 2.F / 3);
  EXPECT_FLOAT_EQ(table.weight(1)[0], 1.F / 3);
  EXPECT_EQ(table.start[1], 1);
  EXPECT_FLOAT_EQ(table.weight(0)[1], 1.F / 3);
}

TEST(ResampleTable, KnowsWholeRatiosAndTheIdentity) {
  EXPECT_TRUE(make_resample_table(1920, 3840, 640, ResizeFilter::area).equal_weights);
  EXPECT_FALSE(make_resample_table(1920, 3840, 641, ResizeFilter::area).equal_weights);
  EXPECT_TRUE(make_resample_table(1920, 3840, 640, ResizeFilter::bilinear).equal_weights);
  EXPECT_TRUE(make_resample_table(1280, 2560, 640, ResizeFilter::bilinear).equal_weights);
  EXPECT_FALSE(make_resample_table(1280, 2560, 641, ResizeFilter::bilinear).equal_weights);
  EXPECT_EQ(make_resample_table(3840, 7680, 640, ResizeFilter::bilinear).step, 6);
  EXPECT_EQ(make_resample_table(3840, 7680, 641, ResizeFilter::bilinear).step, 0);
  EXPECT_TRUE(make_resample_table(640, 1280, 640, ResizeFilter::area).is_identity());
  EXPECT_TRUE(make_resample_table(640, 1280, 640, ResizeFilter::bilinear).is_identity());
}

}  // namespace
}  // namespace ocelli::vision::internal
