#include "events/crowd_association.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;

media::MediaTime at(int ms) {
  return media::MediaTime(milliseconds{ms});
}

TEST(CrowdAssociation, ACrowdGoesOnWhereMostOfItsPeopleAre) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3}}, {{10, 11, 12}}});
  association.update(at(100), {{{2, 3, 4}}, {{1, 10, 11, 12}}});
  ASSERT_EQ(association.crowds().size(), 2U);
  EXPECT_EQ(association.crowds()[0].members, (std::vector<std::uint64_t>{2, 3, 4}));
  EXPECT_EQ(association.crowds()[1].members, (std::vector<std::uint64_t>{1, 10, 11, 12}));
}

TEST(CrowdAssociation, ScatteredPeopleKeepTheirCrowdForWhenTheyStandTogetherAgain) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3}}});
  association.update(at(100), {});
  EXPECT_TRUE(association.crowds()[0].members.empty());
  association.update(at(200), {{{1, 2, 3}}});
  ASSERT_EQ(association.crowds().size(), 1U);
  EXPECT_EQ(association.crowds()[0].id, 1U);
}

TEST(CrowdAssociation, TwoThatGatheredAreKeptApartUntilTheyWereInTouchForLong) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3}}, {{10, 11, 12}}});
  for (auto& crowd : association.crowds()) crowd.phase = CrowdPhase::gathering;
  const std::vector<CrowdCluster> together{{{1, 2, 3, 10, 11, 12}}};
  EXPECT_TRUE(association.update(at(1'000), together).empty());
  EXPECT_EQ(association.crowds()[0].members, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(association.crowds()[1].members, (std::vector<std::uint64_t>{10, 11, 12}));
  EXPECT_TRUE(association.update(at(2'900), together).empty());
  const auto mergers = association.update(at(3'000), together);
  ASSERT_EQ(mergers.size(), 1U);
  EXPECT_EQ(mergers[0].absorbed.id, 2U);
  EXPECT_EQ(mergers[0].into, 1U);
  EXPECT_EQ(association.crowds()[0].members, together[0].members);
}

TEST(CrowdAssociation, OneThatNobodyWasToldOfJoinsAtOnce) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3}}, {{10, 11, 12}}});
  association.crowds()[1].phase = CrowdPhase::gathering;
  const auto mergers = association.update(at(100), {{{1, 2, 3, 10, 11, 12}}});
  ASSERT_EQ(mergers.size(), 1U);
  EXPECT_EQ(mergers[0].into, 2U) << "the one that has gathered goes on";
}

TEST(CrowdAssociation, WhoLeavesTogetherIsACrowdThatKnowsItsOrigin) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3, 4, 5, 6, 7}}});
  association.crowds()[0].phase = CrowdPhase::loitering;
  association.update(at(100), {{{1, 2, 3, 4}}, {{5, 6, 7}}});
  ASSERT_EQ(association.crowds().size(), 2U);
  EXPECT_EQ(association.crowds()[0].members, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(association.crowds()[1].split_from, 1U);
}

}  // namespace
}  // namespace ocelli::events
