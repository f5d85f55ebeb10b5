// Counts what C++ code allocates while media passes through; FFmpeg's own allocations do not go through operator new.
#include <optional>

#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "base/testing/allocation_count.h"
#include "media/decoder.h"
#include "media/packet_gate.h"
#include "media/source.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::testing::allocation_count;
using testing::make_clip;
using testing::TemporaryFolder;

TEST(Allocation, StopsOncePacketsAndFramesFlow) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_clip(folder / "clip.mp4", 100, "-c:v libx264 -g 25 -bf 2"));
  base::SystemClock clock;
  FramePool pool(8);
  const auto source = Source::open({folder / "clip.mp4"}, clock, {});
  ASSERT_TRUE(source);
  const auto decoder = Decoder::create(**source, {}, pool, clock, {});
  ASSERT_TRUE(decoder);
  PacketGate gate({});
  gate.begin((*source)->info().nal_format);
  base::BoundedQueue<Packet> queue(8, base::OverflowPolicy::block);
  FramePtr kept;
  int frames = 0;
  std::optional<std::size_t> at_begin;
  while (auto packet = (*source)->read()) {
    if (gate.admit(*packet) == GateVerdict::leave_out) continue;
    ASSERT_TRUE(queue.push(std::move(*packet)));
    ASSERT_TRUE((*decoder)->send(*queue.try_pop()));
    while (auto frame = (*decoder)->receive()) {
      kept = std::move(*frame);
      ++frames;
    }
    if (frames == 30) at_begin = allocation_count();
    if (frames == 90) break;
  }
  ASSERT_TRUE(at_begin);
  EXPECT_EQ(allocation_count() - *at_begin, 0U) << "in 60 frames";
}

}  // namespace
}  // namespace ocelli::media
