#include "events/crowd_clusters.h"

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

Person person(std::uint64_t id, double x_m, double y_m = 0) {
  Person person;
  person.id = id;
  person.ground = {x_m, y_m};
  person.staying = true;
  return person;
}

TEST(CrowdClusters, ThreeInARowAreACrowdAndTwoAreNot) {
  CrowdClusters clusters({});
  const auto found = clusters.update({person(1, 0), person(2, 1.1), person(3, 2.2), person(4, 9), person(5, 10)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].members, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(CrowdClusters, NeighboursStaySoBeyondTheDistanceButDoNotBecomeSoThere) {
  CrowdClusters clusters({});
  EXPECT_TRUE(clusters.update({person(1, 0), person(2, 1.4), person(3, 2.8)}).empty());
  EXPECT_EQ(clusters.update({person(1, 0), person(2, 1.1), person(3, 2.2)}).size(), 1U);
  EXPECT_EQ(clusters.update({person(1, 0), person(2, 1.4), person(3, 2.8)}).size(), 1U);
  EXPECT_TRUE(clusters.update({person(1, 0), person(2, 1.6), person(3, 3.2)}).empty());
}

TEST(CrowdClusters, WhoWalksBelongsToNone) {
  CrowdClusters clusters({});
  Person walking = person(2, 1);
  walking.staying = false;
  EXPECT_TRUE(clusters.update({person(1, 0), walking, person(3, 2)}).empty());
}

TEST(CrowdClusters, SeveralStandApart) {
  CrowdClusters clusters({});
  const auto found = clusters.update(
      {person(1, 0), person(2, 9), person(3, 1), person(4, 10), person(5, 0.5, 0.8), person(6, 9.5, 0.8)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].members, (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_EQ(found[1].members, (std::vector<std::uint64_t>{2, 4, 6}));
}

}  // namespace
}  // namespace ocelli::events
