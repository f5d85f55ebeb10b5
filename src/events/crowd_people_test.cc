#include "events/crowd_people.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;

class CrowdPeopleTest : public ::testing::Test {
 protected:
  void show(const std::vector<std::pair<std::uint64_t, float>>& tracks_at_x) {
    std::vector<track::Track> tracks;
    for (const auto& [id, x] : tracks_at_x) {
      track::Track& track = tracks.emplace_back();
      track.id = id;
      track.box = {x - 20, 300, 40, 100};
    }
    std::vector<const track::Track*> pointers;
    for (const auto& track : tracks) pointers.push_back(&track);
    now_ += milliseconds{40};
    people_.update(now_, {1280, 720}, pointers);
  }

  CrowdPeople people_{CrowdConfig{}};
  media::MediaTime now_;
};

TEST_F(CrowdPeopleTest, WhoStandsStaysAndWhoWalksDoesNot) {
  float x = 100;
  for (int i = 0; i < 75; ++i) {
    show({{1, 800}, {2, x}});
    x += 4;  // a man's height a second
  }
  ASSERT_EQ(people_.people().size(), 2U);
  EXPECT_TRUE(people_.people()[0].staying);
  EXPECT_FALSE(people_.people()[1].staying);
}

TEST_F(CrowdPeopleTest, APersonIsTheSameUnderANewNumber) {
  for (int i = 0; i < 50; ++i) show({{1, 400}});
  show({{7, 402}});
  ASSERT_EQ(people_.people().size(), 1U);
  EXPECT_EQ(people_.people()[0].id, 1U);
  EXPECT_EQ(people_.people()[0].track_id, 7U);
}

TEST_F(CrowdPeopleTest, TwoWhoSwapNumbersStayWhoTheyAre) {
  for (int i = 0; i < 50; ++i) show({{1, 400}, {2, 440}});
  for (int i = 0; i < 50; ++i) show({{2, 400}, {1, 440}});
  ASSERT_EQ(people_.people().size(), 2U);
  EXPECT_NEAR(people_.people()[0].place.x * 1280, 400, 1);
  EXPECT_NEAR(people_.people()[1].place.x * 1280, 440, 1);
  EXPECT_LT(people_.people()[0].moved_px, 1);
}

TEST_F(CrowdPeopleTest, AShortAbsenceIsBridgedAndALongOneIsNot) {
  for (int i = 0; i < 50; ++i) show({{1, 400}});
  for (int i = 0; i < 35; ++i) show({});
  EXPECT_EQ(people_.people().size(), 1U);
  for (int i = 0; i < 5; ++i) show({});
  EXPECT_TRUE(people_.people().empty());
}

TEST_F(CrowdPeopleTest, NobodyIsMissedWhileThereIsNoPicture) {
  for (int i = 0; i < 50; ++i) show({{1, 400}});
  now_ += std::chrono::seconds{5};
  show({});
  EXPECT_EQ(people_.people().size(), 1U);
}

TEST_F(CrowdPeopleTest, TakesNoMorePeopleThanItsBound) {
  std::vector<std::pair<std::uint64_t, float>> many;
  for (std::uint64_t i = 1; i <= 400; ++i) many.emplace_back(i, 100 * static_cast<float>(i));
  show(many);
  EXPECT_EQ(people_.people().size(), CrowdPeople::kMost);
}

}  // namespace
}  // namespace ocelli::events
