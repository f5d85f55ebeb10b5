#include "infer/embedding_head.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::infer {
namespace {

Embedding of(const std::vector<float>& values) {
  return *normalise(values);
}

TEST(Normalise, GivesLengthOne) {
  const auto embedding = of({3, -4});
  EXPECT_FLOAT_EQ(embedding.values[0], 0.6F);
  EXPECT_FLOAT_EQ(embedding.values[1], -0.8F);
}

TEST(Normalise, DoesNotOverflow) {
  EXPECT_FLOAT_EQ(of({3e38F, 4e37F, 0}).values[2], 0);
}

TEST(Normalise, RefusesAVectorWithoutADirection) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& values :
       {std::vector<float>{}, {0, 0}, {std::nanf(""), 1}, {kInfinity, 1}, {1e-20F, 0}}) {
    EXPECT_EQ(normalise(values).error().code(), base::Code::corrupt);
  }
}

TEST(Cosine, IsOfTheAngle) {
  EXPECT_FLOAT_EQ(cosine(of({1, 2}), of({2, 4})), 1);
  EXPECT_NEAR(cosine(of({1, 0}), of({0, 5})), 0, 1e-7);
  EXPECT_FLOAT_EQ(cosine(of({1, 0}), of({-3, 0})), -1);
  EXPECT_NEAR(cosine(of({1, 0}), of({1, 1})), std::sqrt(0.5), 1e-6);
}

TEST(Cosine, IsNoneBetweenVectorsOfTwoModels) {
  EXPECT_EQ(cosine(of({1, 0}), of({1, 0, 0})), 0);
}

}  // namespace
}  // namespace ocelli::infer
