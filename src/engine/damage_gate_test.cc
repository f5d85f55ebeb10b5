#include "engine/damage_gate.h"

#include <gmock/gmock.h>

namespace ocelli::engine {
namespace {

using media::FrameQuality;

/// Pictures 40 ms apart.
class DamageGateTest : public ::testing::Test {
 protected:
  /// How many of the next `count` pictures are analysed.
  int admitted(int count, FrameQuality quality) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) {
      media::FrameInfo info;
      info.time = media::MediaTime(std::chrono::milliseconds(40) * number_++);
      info.quality = quality;
      if (gate_.admit(info)) ++admitted;
    }
    return admitted;
  }
  int whole(int count) { return admitted(count, FrameQuality::good); }
  int damaged(int count) { return admitted(count, FrameQuality::damaged); }

  DamageGate gate_{std::chrono::seconds(2)};
  int number_ = 0;
};

TEST_F(DamageGateTest, LetsWholePicturesThrough) {
  EXPECT_EQ(whole(1000), 1000);
}

TEST_F(DamageGateTest, LeavesOutWhatIsDamagedUntilTheNextWholePicture) {
  whole(50);
  EXPECT_EQ(damaged(49), 0);
  EXPECT_EQ(whole(1), 1);
}

TEST_F(DamageGateTest, LeavesOutNoMoreThanItsCreditAtAStretch) {
  whole(50);
  EXPECT_EQ(damaged(100), 51) << "49 are left out";
  EXPECT_TRUE(gate_.takes_damaged());
}

TEST_F(DamageGateTest, LeavesOutAsMuchAtTheBeginning) {
  EXPECT_EQ(damaged(50), 0);
  EXPECT_EQ(damaged(1), 1);
}

TEST_F(DamageGateTest, TakesEverythingWhereDamageIsTheRule) {
  whole(1);
  damaged(49);
  whole(1);
  damaged(49);
  EXPECT_TRUE(gate_.takes_damaged());
  for (int group = 0; group < 100; ++group) EXPECT_EQ(whole(1) + damaged(49), 50) << group;
}

TEST_F(DamageGateTest, EarnsItsCreditBackByWholePictures) {
  damaged(100);
  whole(199);
  EXPECT_TRUE(gate_.takes_damaged()) << "not yet eight seconds of them";
  whole(1);
  EXPECT_FALSE(gate_.takes_damaged());
  EXPECT_EQ(damaged(40), 0);
}

TEST(DamageGate, LeavesNothingOutWithoutCredit) {
  DamageGate gate(std::chrono::seconds(0));
  media::FrameInfo info;
  info.quality = FrameQuality::damaged;
  EXPECT_TRUE(gate.admit(info));
}

}  // namespace
}  // namespace ocelli::engine
