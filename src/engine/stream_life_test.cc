#include "engine/stream_life.h"

#include <gmock/gmock.h>

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class StreamLifeTest : public ::testing::Test {
 protected:
  LifeState state() { return life_.snapshot(now_).state; }

  void connect(milliseconds takes = milliseconds(100)) {
    life_.begin_attempt(now_);
    now_ += takes;
    life_.opened(now_, takes);
  }
  void play(seconds duration, milliseconds interval = milliseconds(40)) {
    for (const auto end = now_ + duration; now_ < end; now_ += interval) life_.picture(now_);
  }
  /// Pause from the beginning of a failing attempt to the next.
  milliseconds fail(Code code, milliseconds after = milliseconds(0)) {
    life_.begin_attempt(now_);
    const auto begun = now_;
    now_ += after;
    const auto next = life_.interrupted(Error(code, "refused"), now_);
    now_ = next;
    return std::chrono::duration_cast<milliseconds>(next - begun);
  }

  base::SteadyTime now_{seconds(1000)};
  LifeConfig config_;
  StreamLife life_{config_, 7};
};

TEST_F(StreamLifeTest, IsLiveWithTheFirstPictureNotWithTheConnection) {
  EXPECT_EQ(state(), LifeState::connecting);
  connect();
  EXPECT_EQ(state(), LifeState::connecting);
  life_.picture(now_);
  EXPECT_EQ(state(), LifeState::live);
}

TEST_F(StreamLifeTest, StallsWhenNoPictureComesAndIsLiveAgainWithTheNext) {
  connect();
  play(seconds(10));
  now_ += seconds(2);
  EXPECT_EQ(state(), LifeState::stalled);
  EXPECT_THAT(life_.snapshot(now_).reason, HasSubstr("no picture"));
  EXPECT_FALSE(life_.is_dead(now_));
  life_.picture(now_);
  EXPECT_EQ(state(), LifeState::live);
  EXPECT_EQ(life_.snapshot(now_).interruptions, 1U);
}

TEST_F(StreamLifeTest, GivesAConnectionUpAfterTwiceTheStall) {
  connect();
  play(seconds(10));
  EXPECT_EQ(life_.longest_silence(), 2 * config_.stall_after);
  now_ += seconds(3);
  EXPECT_TRUE(life_.is_dead(now_));
  life_.interrupted(Error(Code::timeout, "no answer"), now_);
  EXPECT_EQ(state(), LifeState::recovering);
}

TEST_F(StreamLifeTest, IsNotLiveByPicturesThatOutlivedTheirConnection) {
  connect();
  play(seconds(1));
  life_.interrupted(Error(Code::unavailable, "reset"), now_);
  life_.picture(now_);
  EXPECT_EQ(state(), LifeState::recovering);
}

TEST_F(StreamLifeTest, LearnsThatACameraSendsAPictureEveryTenSeconds) {
  int deaths = 0;
  connect();
  for (int i = 0; i < 60; ++i) {
    life_.picture(now_);
    now_ += seconds(10);
    if (life_.is_dead(now_)) {
      ++deaths;
      life_.interrupted(Error(Code::timeout, "no answer"), now_);
      connect();
    }
  }
  EXPECT_LE(deaths, 4);
  EXPECT_EQ(state(), LifeState::live);
}

TEST_F(StreamLifeTest, DoesNotTakeADisturbedCameraForASlowOne) {
  connect();
  for (int i = 0; i < 10; ++i) {
    play(seconds(1));
    now_ += seconds(3);
    EXPECT_TRUE(life_.is_dead(now_));
    life_.interrupted(Error(Code::timeout, "no answer"), now_);
    connect();
  }
}

TEST_F(StreamLifeTest, ForgetsASlowCameraWhenItIsFastAgain) {
  connect();
  play(seconds(60), seconds(5));
  EXPECT_GE(life_.longest_silence(), seconds(25));
  play(seconds(60));
  EXPECT_EQ(life_.longest_silence(), 2 * config_.stall_after);
}

TEST_F(StreamLifeTest, WaitsLongerBetweenAttemptsUpToTheCap) {
  milliseconds longest{0};
  EXPECT_LE(fail(Code::unavailable), config_.first_pause);
  for (int i = 0; i < 20; ++i) {
    const auto pause = fail(Code::unavailable);
    EXPECT_LE(pause, config_.longest_pause);
    longest = std::max(longest, pause);
  }
  EXPECT_GE(longest, config_.longest_pause * 8 / 10);
  EXPECT_EQ(state(), LifeState::connecting);
  EXPECT_EQ(life_.snapshot(now_).attempts, 21U);
}

TEST_F(StreamLifeTest, SpreadsTheAttemptsOfManyCameras) {
  std::vector<base::SteadyTime> next;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    StreamLife life(config_, seed * 7919);
    for (int i = 0; i < 6; ++i) life.begin_attempt(now_), life.interrupted(Error(Code::unavailable, ""), now_);
    life.begin_attempt(now_);
    next.push_back(life.interrupted(Error(Code::unavailable, ""), now_));
  }
  const auto [first, last] = std::minmax_element(next.begin(), next.end());
  EXPECT_GT(*last - *first, milliseconds(700));
}

TEST_F(StreamLifeTest, DoesNotWaitAgainAfterAnAttemptThatHung) {
  connect();
  play(seconds(10));
  life_.interrupted(Error(Code::unavailable, ""), now_);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fail(Code::timeout, milliseconds(2000)), milliseconds(2000));
}

TEST_F(StreamLifeTest, AsksRarelyWhereOnlyAPersonCanHelp) {
  EXPECT_GE(fail(Code::unsupported), config_.hopeless_pause / 2);
  EXPECT_EQ(state(), LifeState::failed);
  EXPECT_EQ(life_.snapshot(now_).reason, "refused");
  connect();
  life_.picture(now_);
  EXPECT_EQ(state(), LifeState::live);
}

TEST_F(StreamLifeTest, BelievesACameraThatWasLiveOnlyTheThirdRefusal) {
  connect();
  play(seconds(1));
  life_.interrupted(Error(Code::unavailable, "gone"), now_);
  for (int refusal = 0; refusal < 2; ++refusal) {
    EXPECT_LE(fail(Code::unsupported), config_.longest_pause);
    EXPECT_EQ(state(), LifeState::recovering);
  }
  EXPECT_GE(fail(Code::unsupported), config_.hopeless_pause / 2);
  EXPECT_EQ(state(), LifeState::failed);
}

TEST_F(StreamLifeTest, WaitsForAFirstPictureAsLongAsKeyFramesAreApart) {
  connect();
  EXPECT_EQ(life_.longest_silence(), config_.first_open_timeout);
  for (int i = 0; i < 3; ++i) {
    life_.key_frame(now_);
    play(seconds(4));
  }
  const auto reopen = [&] {
    life_.packet(now_);
    life_.interrupted(Error(Code::unavailable, "gone"), now_);
    connect();
    return life_.longest_silence();
  };
  EXPECT_EQ(reopen(), milliseconds(5000));
  // No picture time and again: it has become slower.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reopen(), milliseconds(5000));
  EXPECT_EQ(reopen(), config_.first_open_timeout);
  life_.picture(now_);
  EXPECT_EQ(reopen(), milliseconds(5000));
}

TEST_F(StreamLifeTest, IsAsImpatientAsEverWithALineThatBringsNothing) {
  connect();
  life_.key_frame(now_);
  play(seconds(4));
  life_.key_frame(now_);
  play(seconds(4));
  for (int i = 0; i < 10; ++i) {
    life_.interrupted(Error(Code::unavailable, "gone"), now_);
    connect();
    life_.packet(now_);
    now_ += seconds(6);  // and then nothing any more
    EXPECT_EQ(life_.longest_silence(), milliseconds(5000));
    EXPECT_TRUE(life_.is_dead(now_));
  }
}

TEST_F(StreamLifeTest, DoesNotLearnFromAGapInWhichPicturesWereLost) {
  connect();
  play(seconds(4));
  now_ += milliseconds(1200);
  life_.picture(now_);  // of a packet from before
  life_.disturbed(now_);
  play(seconds(1));
  EXPECT_EQ(life_.longest_silence(), 2 * config_.stall_after);
}

TEST_F(StreamLifeTest, ForgetsThatKeyFramesFailedToCome) {
  connect();
  const auto key_frames = [&](int count, seconds apart) {
    for (int i = 0; i < count; ++i) {
      life_.key_frame(now_);
      play(apart);
    }
  };
  key_frames(3, seconds(2));
  key_frames(1, seconds(30));
  key_frames(17, seconds(2));
  life_.interrupted(Error(Code::unavailable, "gone"), now_);
  connect();
  EXPECT_LE(life_.longest_silence(), milliseconds(2600));
}

TEST_F(StreamLifeTest, DoesNotTakeKeyFramesThatWereLostForRareOnes) {
  connect();
  for (int i = 0; i < 3; ++i) {
    life_.key_frame(now_);
    play(seconds(2));
  }
  life_.key_frame(now_);
  now_ += seconds(6);  // a disturbed line: nothing of it can be decoded
  life_.key_frame(now_);
  life_.interrupted(Error(Code::unavailable, "gone"), now_);
  connect();
  EXPECT_EQ(life_.longest_silence(), milliseconds(2500));
}

TEST_F(StreamLifeTest, ForgetsASlowOpening) {
  connect(milliseconds(3000));
  EXPECT_EQ(life_.begin_attempt(now_), milliseconds(9000));
  for (int i = 0; i < 10; ++i) connect(milliseconds(10));
  EXPECT_EQ(life_.begin_attempt(now_), config_.shortest_open_timeout);
}

TEST_F(StreamLifeTest, GivesAKnownCameraLittleTimeToOpen) {
  EXPECT_EQ(life_.begin_attempt(now_), config_.first_open_timeout);
  connect(milliseconds(300));
  play(seconds(1));
  life_.interrupted(Error(Code::unavailable, ""), now_);
  EXPECT_EQ(life_.begin_attempt(now_), config_.shortest_open_timeout);
  connect(milliseconds(1500));
  EXPECT_EQ(life_.begin_attempt(now_), milliseconds(4500));
}

TEST_F(StreamLifeTest, StaysPausedWhateverHappens) {
  connect();
  play(seconds(1));
  life_.pause();
  life_.picture(now_);
  life_.interrupted(Error(Code::cancelled, ""), now_);
  EXPECT_EQ(state(), LifeState::paused);
  life_.resume();
  EXPECT_EQ(state(), LifeState::recovering);
}

}  // namespace
}  // namespace ocelli::engine
