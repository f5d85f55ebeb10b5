#include "track/gaps.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

using std::chrono::milliseconds;

media::MediaTime at(int ms) {
  return media::MediaTime(milliseconds{ms});
}

Track seen(std::uint64_t id, int ms, float left) {
  Track track;
  track.id = id;
  track.state = TrackState::confirmed;
  track.score = 0.8F;
  track.box = {left, 100, 40, 100};
  track.last_seen = at(ms);
  return track;
}

TEST(FillGaps, PutsBoxesOnTheLineByTimeNotByFrame) {
  std::vector<TrackedFrame> frames{
      {at(0), {seen(7, 0, 0)}}, {at(100), {}}, {at(300), {}}, {at(400), {seen(7, 400, 80)}}};
  fill_gaps(frames, milliseconds{500});
  ASSERT_EQ(frames[1].tracks.size(), 1U);
  EXPECT_EQ(frames[1].tracks[0].id, 7U);
  EXPECT_EQ(frames[1].tracks[0].state, TrackState::lost);
  EXPECT_EQ(frames[1].tracks[0].last_seen, at(0));
  EXPECT_NEAR(frames[1].tracks[0].box.left, 20, 1e-3);
  EXPECT_NEAR(frames[2].tracks.at(0).box.left, 60, 1e-3);
  EXPECT_NEAR(frames[2].tracks[0].velocity_px_s.x, 200, 1e-2);
  EXPECT_EQ(frames[3].tracks.at(0).state, TrackState::confirmed);
}

TEST(FillGaps, LeavesGapsThatAreTooLong) {
  std::vector<TrackedFrame> frames{{at(0), {seen(1, 0, 0)}}, {at(200), {}}, {at(401), {seen(1, 401, 80)}}};
  fill_gaps(frames, milliseconds{400});
  EXPECT_TRUE(frames[1].tracks.empty());
}

TEST(FillGaps, NeitherBeginsTracksEarlierNorEndsThemLater) {
  std::vector<TrackedFrame> frames{{at(0), {}}, {at(40), {seen(1, 40, 0)}}, {at(80), {}}};
  fill_gaps(frames, milliseconds{1'000});
  EXPECT_TRUE(frames[0].tracks.empty());
  EXPECT_TRUE(frames[2].tracks.empty());
}

TEST(FillGaps, KeepsTheTracksOfAFrameInOrder) {
  std::vector<TrackedFrame> frames{
      {at(0), {seen(1, 0, 0), seen(2, 0, 300)}}, {at(40), {seen(2, 40, 304)}}, {at(80), {seen(1, 80, 8)}}};
  fill_gaps(frames, milliseconds{1'000});
  ASSERT_EQ(frames[1].tracks.size(), 2U);
  EXPECT_EQ(frames[1].tracks[0].id, 1U);
  EXPECT_EQ(frames[1].tracks[1].id, 2U);
  EXPECT_NEAR(frames[1].tracks[0].box.left, 4, 1e-3);
}

}  // namespace
}  // namespace ocelli::track
