// Counts what C++ code allocates while media passes through; FFmpeg's own allocations do not go through operator new.
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>

#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "media/decoder.h"
#include "media/packet_gate.h"
#include "media/source.h"
#include "media/testing/clip.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

// GCC sees free() beside an operator new that it takes for its own, once the sanitizers keep it from inlining ours.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ocelli::media {
namespace {

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
    if (frames == 30) at_begin = allocations.load();
    if (frames == 90) break;
  }
  ASSERT_TRUE(at_begin);
  EXPECT_EQ(allocations.load() - *at_begin, 0U) << "in 60 frames";
}

}  // namespace
}  // namespace ocelli::media
