#include "store/track_digest.h"

#include <gmock/gmock.h>

#include "store/testing/fixture.h"

namespace ocelli::store {
namespace {

using ::testing::IsEmpty;
using testing::make_event;
using testing::make_frame;
using testing::make_track;
using ::testing::SizeIs;

std::vector<TrackSummary> see(TrackDigest& digest, std::uint64_t frame, const std::vector<track::Track>& tracks) {
  static const std::string kCamera = "gate";
  return digest.see({kCamera, make_frame(frame), tracks});
}

TEST(TrackDigest, SumsUpATrackOnceItIsGone) {
  TrackDigest digest("gate");
  for (std::uint64_t frame = 10; frame < 15; ++frame) {
    EXPECT_THAT(see(digest, frame, {make_track(7, static_cast<float>(frame), 0.1F * static_cast<float>(frame - 9))}),
                IsEmpty());
  }
  digest.see(make_event(7));  // its track is 7
  const auto ended = see(digest, 15, {});
  ASSERT_THAT(ended, SizeIs(1));
  const TrackSummary& track = ended.front();
  EXPECT_EQ(track.camera, "gate");
  EXPECT_EQ(track.track_id, 7U);
  EXPECT_EQ(track.label, "person");
  EXPECT_EQ(track.frames, 5U);
  EXPECT_FLOAT_EQ(track.quality, 0.5F);
  EXPECT_EQ(track.last_seen - track.first_seen, std::chrono::milliseconds(400));
  EXPECT_EQ(track.picture_width, 64);
  ASSERT_THAT(track.path, SizeIs(5));
  EXPECT_EQ(track.path.front().frame, 10U);
  EXPECT_EQ(track.path.back().box.left, 14);
}

TEST(TrackDigest, ThinsALongPathEvenlyAndKeepsBothEnds) {
  TrackDigest digest("gate");
  constexpr std::uint64_t kFrames = 10'001;
  for (std::uint64_t frame = 0; frame < kFrames; ++frame) see(digest, frame, {make_track(1, 0)});
  const auto ended = digest.finish();
  ASSERT_THAT(ended, SizeIs(1));
  const auto& path = ended.front().path;
  EXPECT_EQ(ended.front().frames, kFrames);
  EXPECT_LE(path.size(), TrackDigest::kMostPoints);
  EXPECT_GE(path.size(), TrackDigest::kMostPoints / 2);
  EXPECT_EQ(path.front().frame, 0U);
  EXPECT_EQ(path.back().frame, kFrames - 1);
  const auto stride = path[1].frame - path[0].frame;
  for (std::size_t i = 1; i + 1 < path.size(); ++i) EXPECT_EQ(path[i].frame - path[i - 1].frame, stride);
}

TEST(TrackDigest, CountsOnlyFramesInWhichATrackWasSeen) {
  TrackDigest digest("gate");
  see(digest, 0, {make_track(1, 0)});
  auto hidden = make_track(1, 5);
  hidden.state = track::TrackState::lost;
  EXPECT_THAT(see(digest, 1, {hidden}), IsEmpty()) << "not gone, only not seen";
  const auto ended = see(digest, 2, {});
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended.front().frames, 1U);
  EXPECT_EQ(ended.front().last_seen, ended.front().first_seen);
}

TEST(TrackDigest, SaysNothingOfATrackThatWasNeverSeen) {
  TrackDigest digest("gate");
  auto hidden = make_track(1, 5);
  hidden.state = track::TrackState::lost;
  see(digest, 0, {hidden});
  EXPECT_THAT(see(digest, 1, {}), IsEmpty());
  EXPECT_THAT(digest.finish(), IsEmpty());
}

}  // namespace
}  // namespace ocelli::store
