#include "media/demux_profile.h"

#include <gmock/gmock.h>

extern "C" {
#include <libavformat/avformat.h>
}

namespace ocelli::media {
namespace {

constexpr int kContainers = static_cast<int>(Container::sdp) + 1;

TEST(DemuxProfile, NamesADemuxerOfThisBuildForEveryContainer) {
  for (int i = 1; i < kContainers; ++i) {
    const auto container = static_cast<Container>(i);
    const DemuxProfile profile = demux_profile(container);
    ASSERT_NE(profile.demuxer, nullptr) << container_name(container);
    const AVInputFormat* format = av_find_input_format(profile.demuxer);
    ASSERT_NE(format, nullptr) << profile.demuxer;
    EXPECT_EQ(container_of_demuxer(format->name), container);
    EXPECT_GT(profile.probe_bytes, 0);
    EXPECT_GT(profile.analyze_duration.count(), 0);
  }
}

TEST(DemuxProfile, BoundsTheAnalysisAsDocumented) {
  using std::chrono::seconds;
  EXPECT_EQ(demux_profile(Container::mp4).probe_bytes, 5'000'000);
  EXPECT_EQ(demux_profile(Container::mp4).analyze_duration, seconds(5));
  EXPECT_EQ(demux_profile(Container::avi).probe_bytes, 2'000'000);
  EXPECT_EQ(demux_profile(Container::avi).analyze_duration, seconds(10));
  EXPECT_EQ(demux_profile(Container::sdp).probe_bytes, 64'000);
  EXPECT_EQ(demux_profile(Container::sdp).analyze_duration, seconds(3));
}

TEST(DemuxProfile, LeavesTheUnknownToFfmpeg) {
  EXPECT_EQ(demux_profile(Container::unknown).demuxer, nullptr);
  EXPECT_EQ(container_of_demuxer("nut"), Container::unknown);
  EXPECT_EQ(container_of_demuxer(""), Container::unknown);
  EXPECT_EQ(container_of_demuxer("rtsp"), Container::sdp);
}

}  // namespace
}  // namespace ocelli::media
