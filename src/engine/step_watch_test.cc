#include "engine/step_watch.h"

#include <gtest/gtest.h>

namespace ocelli::engine {
namespace {

using std::chrono::milliseconds;

class StepWatchTest : public ::testing::Test {
 protected:
  bool after(milliseconds step) { return watch_.skips(time_ += step); }
  void play(int packets, milliseconds step) {
    for (int i = 0; i < packets; ++i) EXPECT_FALSE(after(step)) << i;
  }

  StepWatch watch_;
  media::MediaTime time_;
};

TEST_F(StepWatchTest, NoticesThatPicturesAreMissing) {
  play(50, milliseconds(40));
  EXPECT_TRUE(after(milliseconds(1200)));
  EXPECT_TRUE(after(milliseconds(400))) << "the first one teaches it little";
  play(50, milliseconds(40));
}

TEST_F(StepWatchTest, TakesReorderingForNone) {
  play(1, milliseconds(40));
  for (int i = 0; i < 20; ++i) {
    for (const int step : {160, -120, 40, 40}) EXPECT_FALSE(after(milliseconds(step)));
  }
}

TEST_F(StepWatchTest, LearnsThatACameraHasBecomeSlow) {
  play(50, milliseconds(40));
  int skips = 0;
  for (int i = 0; i < 100; ++i) skips += after(milliseconds(5000)) ? 1 : 0;
  EXPECT_LT(skips, 50);
  play(50, milliseconds(5000));
}

TEST_F(StepWatchTest, ForgetsWhereAnotherConnectionWas) {
  play(50, milliseconds(40));
  watch_.begin();
  EXPECT_FALSE(after(milliseconds(60'000)));
}

}  // namespace
}  // namespace ocelli::engine
