#include "engine/packet_clock.h"

#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "media/testing/clip.h"

namespace ocelli::engine {
namespace {

using media::hold_bound;
using media::HoldReason;
using media::testing::make_clip;
using media::testing::TemporaryFolder;
using std::chrono::milliseconds;

/// Packets of a clip of 25 pictures a second, as a camera would send them.
class PacketClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_clip(folder_ / "clip.mp4", 40, "-c:v libx264 -g 10 -bf 0"));
    source_ = *media::Source::open({.url = folder_ / "clip.mp4"}, clock_, {});
    info_ = source_->info();
    info_.live = true;
  }

  void begin() {
    packet_clock_.begin(info_, [this](SettledItem& item) {
      const base::MutexLock lock(mutex_);
      if (const auto* packet = std::get_if<media::Packet>(&item)) times_.push_back(packet->time());
      return base::Status();
    });
  }
  std::size_t handed_on() {
    const base::MutexLock lock(mutex_);
    return times_.size();
  }
  void bring(int packets) {
    for (int i = 0; i < packets; ++i) {
      EXPECT_TRUE(packet_clock_.push(*source_->read()));
      clock_.advance(milliseconds(40));
    }
  }
  void lose(int packets) {
    for (int i = 0; i < packets; ++i) {
      ASSERT_TRUE(source_->read());
      clock_.advance(milliseconds(40));
    }
  }

  TemporaryFolder folder_;
  base::SimulatedClock clock_;
  std::unique_ptr<media::Source> source_;
  media::StreamInfo info_;
  base::Mutex mutex_;
  std::vector<media::MediaTime> times_ OC_GUARDED_BY(mutex_);
  PacketClock packet_clock_;
};

TEST_F(PacketClockTest, HoldsAPacketBehindAGapOnlyForItsBoundWhenNothingMoreComes) {
  begin();
  bring(20);
  EXPECT_FALSE(packet_clock_.deadline());
  lose(3);
  const auto arrived = clock_.now();
  ASSERT_TRUE(packet_clock_.push(*source_->read()));
  EXPECT_EQ(handed_on(), 20U);
  const auto deadline = packet_clock_.deadline();
  ASSERT_TRUE(deadline);
  EXPECT_EQ(*deadline, arrived + hold_bound(HoldReason::order));
  EXPECT_TRUE(packet_clock_.expire(*deadline - std::chrono::nanoseconds(1)));
  EXPECT_EQ(handed_on(), 20U);
  EXPECT_TRUE(packet_clock_.expire(*deadline));
  EXPECT_EQ(handed_on(), 21U);
  EXPECT_FALSE(packet_clock_.deadline());
}

TEST_F(PacketClockTest, FlushesWhatItHolds) {
  begin();
  bring(20);
  lose(3);
  ASSERT_TRUE(packet_clock_.push(*source_->read()));
  EXPECT_TRUE(packet_clock_.flush());
  EXPECT_EQ(handed_on(), 21U);
}

TEST_F(PacketClockTest, ForgetsWhatAnEndedConnectionHeld) {
  begin();
  bring(20);
  lose(3);
  ASSERT_TRUE(packet_clock_.push(*source_->read()));
  packet_clock_.end();
  EXPECT_FALSE(packet_clock_.deadline());
  EXPECT_TRUE(packet_clock_.expire(clock_.now() + std::chrono::hours(1)));
  EXPECT_EQ(handed_on(), 20U);
  begin();
  bring(5);
  EXPECT_EQ(handed_on(), 25U);
}

TEST_F(PacketClockTest, NeverHoldsPacketsOfAFileByTheClock) {
  info_.live = false;
  begin();
  bring(20);
  lose(3);
  ASSERT_TRUE(packet_clock_.push(*source_->read()));
  EXPECT_FALSE(packet_clock_.deadline());
}

TEST_F(PacketClockTest, TellsWhyItCouldNotHandOn) {
  packet_clock_.begin(info_,
                      [](SettledItem&) -> base::Status { return base::Error(base::Code::cancelled, "stopped"); });
  EXPECT_EQ(packet_clock_.push(*source_->read()).error().code(), base::Code::cancelled);
}

TEST_F(PacketClockTest, LetsOneThreadHandOnAtATimeInOrder) {
  std::latch first_is_inside(1);
  std::latch let_go(1);
  std::vector<media::MediaTime> times;  // without a lock: the thread sanitizer proves that calls are ordered
  packet_clock_.begin(info_, [&](SettledItem& item) {
    if (times.empty()) {
      first_is_inside.count_down();
      let_go.wait();
    }
    if (const auto* packet = std::get_if<media::Packet>(&item)) times.push_back(packet->time());
    return base::Status();
  });
  auto first = source_->read();
  std::jthread slow([&] { EXPECT_TRUE(packet_clock_.push(*std::move(first))); });
  first_is_inside.wait();
  bring(10);  // returns at once, and leaves them to the other
  let_go.count_down();
  packet_clock_.end();  // waits for it
  EXPECT_EQ(times.size(), 11U);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

}  // namespace
}  // namespace ocelli::engine
