#include "infer/classification_head.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

using ::testing::ElementsAre;

base::Result<Classification> best_of(const std::vector<float>& values, std::size_t count) {
  std::vector<int> scratch;
  return best_classes(values, count, scratch);
}

TEST(Softmax, GivesSharesOfTheExponentials) {
  std::vector<float> values{0, std::log(2.F), std::log(5.F)};
  softmax(values);
  EXPECT_NEAR(values[0], 0.125, 1e-6);
  EXPECT_NEAR(values[1], 0.25, 1e-6);
  EXPECT_NEAR(values[2], 0.625, 1e-6);
}

TEST(Softmax, DoesNotOverflow) {
  std::vector<float> values{1000, 999, -1000};
  softmax(values);
  EXPECT_NEAR(values[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(values[2], 0);
}

TEST(Softmax, KeepsWhatIsNoNumberVisible) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), kInfinity}) {
    std::vector<float> values{0.1F, bad, 3};
    softmax(values);
    EXPECT_FALSE(best_of(values, 2));
  }
}

TEST(BestClasses, ComeBestFirstAndByNumberWhenEqual) {
  const auto best = best_of({0.1F, 0.4F, 0.1F, 0.4F}, 3);
  ASSERT_TRUE(best);
  EXPECT_THAT(*best, ElementsAre(ClassScore{1, 0.4F}, ClassScore{3, 0.4F}, ClassScore{0, 0.1F}));
}

TEST(BestClasses, AreNoMoreThanThereAre) {
  EXPECT_EQ(best_of({0.1F, 0.4F}, 5)->size(), 2U);
}

TEST(BestClasses, RefuseWhatIsNoNumber) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), kInfinity, -kInfinity}) {
    EXPECT_EQ(best_of({0.1F, bad}, 2).error().code(), base::Code::corrupt);
  }
}

}  // namespace
}  // namespace ocelli::infer
