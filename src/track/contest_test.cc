#include "track/contest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kMargin = 0.1;

TEST(Contest, NobodyContestsWhatStandsAlone) {
  EXPECT_THAT(contested({}, kMargin), IsEmpty());
  const std::vector<Candidate> far_apart{{0, 0, 0.8}, {1, 1, 0.8}, {2, 2, 0.1}};
  EXPECT_THAT(contested(far_apart, kMargin), IsEmpty());
}

TEST(Contest, ATrackThatCouldAsWellTakeAnotherDetectionContestsBoth) {
  const std::vector<Candidate> candidates{{0, 0, 0.5}, {0, 1, 0.45}, {0, 2, 0.2}};
  EXPECT_THAT(contested(candidates, kMargin), ElementsAre(0, 1)) << "the third is out of reach";
}

TEST(Contest, ADetectionThatCouldAsWellBeAnotherTracksIsContested) {
  const std::vector<Candidate> candidates{{0, 3, 0.45}, {1, 3, 0.5}, {2, 3, 0.39}};
  EXPECT_THAT(contested(candidates, kMargin), ElementsAre(0, 1));
}

TEST(Contest, AClearLeadIsNoContest) {
  const std::vector<Candidate> crossing{{0, 0, 0.7}, {0, 1, 0.3}, {1, 0, 0.3}, {1, 1, 0.7}};
  EXPECT_THAT(contested(crossing, kMargin), IsEmpty());
}

TEST(Contest, PairsThatMustNotBeContestNothing) {
  const std::vector<Candidate> candidates{{0, 0, 0.05}, {0, 1, 0}, {1, 0, -0.01}};
  EXPECT_THAT(contested(candidates, kMargin), IsEmpty());
}

TEST(Contest, DoesNotDependOnTheOrder) {
  const std::vector<Candidate> candidates{{1, 1, 0.40}, {0, 1, 0.45}, {2, 5, 0.9}, {1, 0, 0.45}, {0, 0, 0.5}};
  EXPECT_THAT(contested(candidates, kMargin), ElementsAre(0, 1, 3, 4));
}

}  // namespace
}  // namespace ocelli::track
