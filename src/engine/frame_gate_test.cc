#include "engine/frame_gate.h"

#include <gmock/gmock.h>

namespace ocelli::engine {
namespace {

using media::from_seconds;

int admitted(FrameGate& gate, double source_fps, double begin_s, int frames) {
  int count = 0;
  for (int i = 0; i < frames; ++i) count += gate.admit(from_seconds(begin_s + i / source_fps)) ? 1 : 0;
  return count;
}

TEST(FrameGate, LetsEverythingThroughWithoutALimit) {
  FrameGate gate(0);
  EXPECT_EQ(admitted(gate, 30, 0, 300), 300);
}

TEST(FrameGate, HoldsTheRateWithoutDrift) {
  for (const double fps : {1.0, 3.0, 7.0, 10.0, 24.0}) {
    FrameGate gate(fps);
    EXPECT_NEAR(admitted(gate, 30, 0, 30 * 100), fps * 100, 1) << fps;
  }
}

TEST(FrameGate, PassesAllOfASlowerSource) {
  FrameGate gate(10);
  EXPECT_EQ(admitted(gate, 5, 0, 50), 50);
}

TEST(FrameGate, DoesNotBurstAfterAGap) {
  FrameGate gate(10);
  admitted(gate, 30, 0, 30);
  EXPECT_NEAR(admitted(gate, 30, 60, 30), 10, 1);
}

}  // namespace
}  // namespace ocelli::engine
