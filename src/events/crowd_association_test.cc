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
  for (int ms = 1'100; ms < 3'000; ms += 100) EXPECT_TRUE(association.update(at(ms), together).empty());
  const auto mergers = association.update(at(3'000), together);
  ASSERT_EQ(mergers.size(), 1U);
  EXPECT_EQ(mergers[0].absorbed.id, 2U);
  EXPECT_EQ(mergers[0].into, 1U);
  EXPECT_EQ(association.crowds()[0].members, together[0].members);
}

TEST(CrowdAssociation, AMomentApartShiftsTheTimeInTouchAndDoesNotStartItAgain) {
  CrowdAssociation association({});
  const std::vector<CrowdCluster> apart{{{1, 2, 3}}, {{10, 11, 12}}};
  const std::vector<CrowdCluster> together{{{1, 2, 3, 10, 11, 12}}};
  association.update(at(0), apart);
  for (auto& crowd : association.crowds()) crowd.phase = CrowdPhase::gathering;
  for (int ms = 1'000; ms <= 2'500; ms += 100) EXPECT_TRUE(association.update(at(ms), together).empty());
  EXPECT_TRUE(association.update(at(2'600), apart).empty());
  for (int ms = 2'700; ms < 3'200; ms += 100) EXPECT_TRUE(association.update(at(ms), together).empty());
  EXPECT_EQ(association.update(at(3'200), together).size(), 1U);
}

TEST(CrowdAssociation, OfEqualPartsACrowdGoesOnWithTheOneThatWasKnownFirst) {
  CrowdAssociation association({});
  association.update(at(0), {{{1, 2, 3, 4, 5, 6}}});
  association.update(at(100), {{{2, 4, 6}}, {{1, 3, 5}}});
  EXPECT_EQ(association.crowds()[0].members, (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_EQ(association.crowds()[1].members, (std::vector<std::uint64_t>{2, 4, 6}));
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
