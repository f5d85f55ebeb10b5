#include "media/gop_ring.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "media/internal/packet_pool.h"

namespace ocelli::media {
namespace {

using std::chrono::milliseconds;

MediaTime at(int ms) {
  return MediaTime(milliseconds(ms));
}

enum class Kind { key, delta };

Packet make_packet(const std::shared_ptr<PacketPool>& pool, int ms, Kind kind, int bytes) {
  auto shell = internal::take_packet(pool);
  av_new_packet(shell.get(), bytes);
  shell->pts = at(ms).time_since_epoch().count();
  return Packet(std::move(shell), at(ms), kind == Kind::key, {});
}

class GopRingTest : public ::testing::Test {
 protected:
  /// One packet every 100 ms from `first` on; a key frame wherever `keys` has one.
  void fill(GopRing& ring, int first, const std::string& keys, int bytes = 100) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ring.push(make_packet(pool_, first + static_cast<int>(i) * 100, keys[i] == 'K' ? Kind::key : Kind::delta, bytes));
    }
  }
  std::vector<int> times(const std::vector<Packet>& packets) {
    std::vector<int> result;
    for (const auto& packet : packets)
      result.push_back(
          static_cast<int>(std::chrono::duration_cast<milliseconds>(packet.time().time_since_epoch()).count()));
    return result;
  }
  std::vector<int> everything(const GopRing& ring) { return times(ring.range(MediaTime::min(), MediaTime::max())); }

  const std::shared_ptr<PacketPool> pool_ = std::make_shared<PacketPool>();
};

TEST_F(GopRingTest, KeepsNothingBeforeTheFirstKeyFrame) {
  GopRing ring({milliseconds(1000), 1 << 20});
  fill(ring, 0, "ppKp");
  EXPECT_THAT(everything(ring), ::testing::ElementsAre(200, 300));
}

TEST_F(GopRingTest, DropsWholeGroupsOnceTheOthersSpanEnough) {
  GopRing ring({milliseconds(300), 1 << 20});
  fill(ring, 0, "KppKpp");
  EXPECT_EQ(everything(ring).front(), 0) << "the second group spans 200 ms";
  fill(ring, 600, "K");
  EXPECT_THAT(everything(ring), ::testing::ElementsAre(300, 400, 500, 600));
}

TEST_F(GopRingTest, GivesWhatAClipNeeds) {
  GopRing ring({milliseconds(10'000), 1 << 20});
  fill(ring, 0, "KppKppKpp");
  EXPECT_THAT(times(ring.range(at(450), at(700))), ::testing::ElementsAre(300, 400, 500, 600, 700));
  EXPECT_EQ(times(ring.range(at(-5000), at(100))), (std::vector<int>{0, 100})) << "less history than wanted";
  EXPECT_TRUE(ring.range(at(-5000), at(-1)).empty());
}

TEST_F(GopRingTest, SharesTheBytesOfItsPackets) {
  GopRing ring({milliseconds(1000), 1 << 20});
  Packet packet = make_packet(pool_, 0, Kind::key, 1000);
  const auto* bytes = packet.bytes().data();
  ring.push(*packet.share());
  EXPECT_EQ(ring.range(at(0), at(0)).front().bytes().data(), bytes);
}

TEST_F(GopRingTest, GivesUpAGroupThatIsLargerThanTheBound) {
  GopRing ring({milliseconds(1000), 3000});
  fill(ring, 0, "Kpp", 1000);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.bytes(), 0U);
  EXPECT_EQ(ring.groups_given_up(), 1U);
  fill(ring, 300, "ppKp", 1000);
  EXPECT_THAT(everything(ring), ::testing::ElementsAre(500, 600)) << "from the next key frame on";
}

RC_GTEST_PROP(GopRing, HoldsItsBoundsAndBeginsWithAKeyFrame, ()) {
  const auto pool = std::make_shared<PacketPool>();
  const milliseconds history(*rc::gen::inRange(0, 3000));
  const auto most_bytes = static_cast<std::size_t>(*rc::gen::inRange(500, 50'000));
  GopRing ring({history, most_bytes});
  int time = 0;
  const int packets = *rc::gen::inRange(1, 200);
  for (int i = 0; i < packets; ++i) {
    time += *rc::gen::inRange(1, 200);
    const Kind kind = *rc::gen::inRange(0, 5) == 0 ? Kind::key : Kind::delta;
    ring.push(make_packet(pool, time, kind, *rc::gen::inRange(0, 4000)));
    const auto kept = ring.range(MediaTime::min(), MediaTime::max());
    RC_ASSERT(ring.bytes() <= most_bytes);
    std::size_t bytes = 0;
    std::size_t groups = 0;
    MediaTime second_key = MediaTime::max();
    for (const auto& packet : kept) {
      bytes += packet_cost(packet);
      if (packet.is_key() && ++groups == 2) second_key = packet.time();
    }
    RC_ASSERT(bytes == ring.bytes());
    if (kept.empty()) continue;
    RC_ASSERT(kept.front().is_key());
    RC_ASSERT(kept.back().time() == at(time));
    if (groups > 1) RC_ASSERT(at(time) - second_key < history);
  }
}

RC_GTEST_PROP(GopRing, ReachesBackAsFarAsAsked, ()) {
  const auto pool = std::make_shared<PacketPool>();
  const milliseconds history(*rc::gen::inRange(0, 3000));
  GopRing ring({history, 100 << 20});
  int time = 0;
  std::optional<MediaTime> first_key;
  for (int i = 0; i < 100; ++i) {
    time += *rc::gen::inRange(1, 200);
    const Kind kind = *rc::gen::inRange(0, 5) == 0 ? Kind::key : Kind::delta;
    ring.push(make_packet(pool, time, kind, 10));
    if (kind == Kind::key && !first_key) first_key = at(time);
    if (!first_key) continue;
    const auto begin = ring.range(MediaTime::min(), MediaTime::max()).front().time();
    RC_ASSERT(begin == *first_key || at(time) - begin >= history);
  }
}

}  // namespace
}  // namespace ocelli::media
