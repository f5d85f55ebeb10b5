#include "eval/matching.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::eval {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Tries every one-to-one matching.
double best_by_trying_all(std::span<const Pair> pairs, unsigned used_rows = 0, unsigned used_columns = 0) {
  double best = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const unsigned row = 1U << static_cast<unsigned>(pairs[i].row);
    const unsigned column = 1U << static_cast<unsigned>(pairs[i].column);
    if ((used_rows & row) != 0 || (used_columns & column) != 0) continue;
    const double rest = best_by_trying_all(pairs.subspan(i + 1), used_rows | row, used_columns | column);
    best = std::max(best, pairs[i].gain + rest);
  }
  return best;
}

TEST(BestPairs, OfNothingAreNone) {
  EXPECT_THAT(best_pairs({}), IsEmpty());
}

TEST(BestPairs, PreferTheBestSumOverTheBestPair) {
  EXPECT_THAT(best_pairs(std::vector<Pair>{{0, 0, 0.9}, {0, 1, 0.8}, {1, 0, 0.8}}), ElementsAre(1, 2));
}

TEST(BestPairs, LeaveOutWhatGainsNothing) {
  EXPECT_THAT(best_pairs(std::vector<Pair>{{0, 0, 0}, {1, 1, -1}, {2, 2, 1e-9}}), ElementsAre(2));
}

TEST(BestPairs, SeeDifferencesFarBelowAMillionth) {
  EXPECT_THAT(best_pairs(std::vector<Pair>{{0, 0, 0.5}, {1, 1, 0.5}, {0, 1, 0.5 + 2e-9}, {1, 0, 0.5 - 1e-9}}),
              ElementsAre(2, 3));
}

TEST(BestPairs, AreTheSameForCountsAsForShares) {
  EXPECT_THAT(best_pairs(std::vector<Pair>{{0, 0, 90'000}, {0, 1, 80'000}, {1, 0, 10'001}}), ElementsAre(1, 2));
}

RC_GTEST_PROP(BestPairs, AreTheBestOfAllMatchings, ()) {
  std::vector<Pair> pairs;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      if (!*rc::gen::arbitrary<bool>()) continue;
      pairs.push_back({row, column, *rc::gen::inRange(0, 1'000'000) / 1e6});
    }
  }
  double total = 0;
  unsigned rows = 0;
  unsigned columns = 0;
  for (const auto index : best_pairs(pairs)) {
    const unsigned row = 1U << static_cast<unsigned>(pairs[index].row);
    const unsigned column = 1U << static_cast<unsigned>(pairs[index].column);
    RC_ASSERT((rows & row) == 0U && (columns & column) == 0U);
    rows |= row;
    columns |= column;
    total += pairs[index].gain;
  }
  const double best = best_by_trying_all(pairs);
  RC_ASSERT(total > best - 1e-9 && total < best + 1e-9);
}

}  // namespace
}  // namespace ocelli::eval
