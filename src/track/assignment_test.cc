#include "track/assignment.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::track {
namespace {

double total_gain(std::span<const Match> matches, std::span<const Candidate> candidates) {
  double total = 0;
  for (const auto& match : matches) {
    for (const auto& candidate : candidates) {
      if (candidate.row == match.row && candidate.column == match.column) total += candidate.gain;
    }
  }
  return total;
}

/// Tries every one-to-one matching.
double best_by_trying_all(std::span<const Candidate> candidates, unsigned used_rows = 0, unsigned used_columns = 0) {
  double best = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const unsigned row = 1U << static_cast<unsigned>(candidates[i].row);
    const unsigned column = 1U << static_cast<unsigned>(candidates[i].column);
    if ((used_rows & row) != 0 || (used_columns & column) != 0) continue;
    const double rest = best_by_trying_all(candidates.subspan(i + 1), used_rows | row, used_columns | column);
    best = std::max(best, candidates[i].gain + rest);
  }
  return best;
}

TEST(BestMatching, OfNothingIsNothing) {
  EXPECT_TRUE(best_matching({}).empty());
}

TEST(BestMatching, PrefersTheBestSumOverTheBestPair) {
  const std::vector<Candidate> candidates{{0, 0, 0.9F}, {0, 1, 0.8F}, {1, 0, 0.8F}};
  EXPECT_EQ(best_matching(candidates), (std::vector<Match>{{0, 1}, {1, 0}}));
}

TEST(BestMatching, TakesOnePairWhereTwoAreWorthLess) {
  const std::vector<Candidate> candidates{{0, 0, 0.9F}, {0, 1, 0.4F}, {1, 0, 0.4F}};
  EXPECT_EQ(best_matching(candidates), (std::vector<Match>{{0, 0}}));
}

TEST(BestMatching, IgnoresWorthlessPairs) {
  const std::vector<Candidate> candidates{{0, 0, 0.F}, {1, 1, -1.F}, {2, 2, 0.1F}};
  EXPECT_EQ(best_matching(candidates), (std::vector<Match>{{2, 2}}));
}

TEST(BestMatching, SolvesFarApartGroupsTogether) {
  std::vector<Candidate> candidates;
  for (int group = 0; group < 50; ++group) {
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) candidates.push_back({2 * group + i, 2 * group + j, i == j ? 0.3F : 0.6F});
    }
  }
  const auto matches = best_matching(candidates);
  ASSERT_EQ(matches.size(), 100U);
  for (const auto& match : matches) EXPECT_EQ(match.column, match.row % 2 == 0 ? match.row + 1 : match.row - 1);
}

RC_GTEST_PROP(BestMatching, EqualsTryingEveryMatching, ()) {
  std::map<std::pair<int, int>, float> gains;
  for (int i = 0; i < 9; ++i) {
    const auto pair = std::make_pair(*rc::gen::inRange(0, 4), *rc::gen::inRange(0, 4));
    gains[pair] = static_cast<float>(*rc::gen::inRange(1, 1'000)) / 1'000;
  }
  std::vector<Candidate> candidates;
  for (const auto& [pair, gain] : gains) candidates.push_back({pair.first, pair.second, gain});
  const auto matches = best_matching(candidates);
  for (std::size_t i = 0; i < matches.size(); ++i) {
    for (std::size_t j = i + 1; j < matches.size(); ++j) {
      RC_ASSERT(matches[i].row < matches[j].row);
      RC_ASSERT(matches[i].column != matches[j].column);
    }
  }
  RC_ASSERT(std::abs(total_gain(matches, candidates) - best_by_trying_all(candidates)) < 1e-4);
}

TEST(BestMatching, GivesTheSameAnswerEachTimeWhereManyAreEquallyGood) {
  std::vector<Candidate> candidates;
  for (int row = 0; row < 12; ++row) {
    for (int column = 0; column < 12; ++column) candidates.push_back({row, column, 0.5F});
  }
  const auto first = best_matching(candidates);
  EXPECT_EQ(first.size(), 12U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(best_matching(candidates), first);
}

}  // namespace
}  // namespace ocelli::track
