#include "media/frame_reader.h"

#include <gtest/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::Code;

class FrameReaderTest : public ::testing::Test {
 protected:
  static constexpr int kFrames = 50;

  void SetUp() override {
    ASSERT_TRUE(testing::make_clip(path_, kFrames, "-c:v mpeg4 -g 10")) << "ffmpeg cannot make clips";
  }
  int count_frames() {
    const auto reader = FrameReader::open({path_}, clock_, {});
    EXPECT_TRUE(reader) << reader.error().message();
    int count = 0;
    while (true) {
      const auto frame = (*reader)->next();
      if (!frame) {
        EXPECT_EQ(frame.error().code(), Code::end_of_stream) << frame.error().message();
        EXPECT_EQ((*reader)->next().error().code(), Code::end_of_stream);  // and stays there
        return count;
      }
      ++count;
    }
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "clip.avi";
  base::SystemClock clock_;
};

TEST_F(FrameReaderTest, GivesEveryPictureOnce) {
  EXPECT_EQ(count_frames(), kFrames);
}

TEST_F(FrameReaderTest, GivesWhatCanBeHadOfADamagedClip) {
  std::string bytes = testing::read_file(path_);
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 3000; ++i) bytes[i] = '\xAA';
  testing::write_file(path_, bytes);
  EXPECT_GT(count_frames(), kFrames / 2);
}

TEST_F(FrameReaderTest, EndsAtOnceWhenStopped) {
  std::stop_source stop;
  const auto reader = FrameReader::open({path_}, clock_, stop.get_token());
  ASSERT_TRUE(reader) << reader.error().message();
  ASSERT_TRUE((*reader)->next());
  stop.request_stop();
  base::Result<FramePtr> frame = (*reader)->next();
  for (int i = 0; i < kFrames && frame; ++i) frame = (*reader)->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), Code::cancelled);
}

TEST_F(FrameReaderTest, SaysWhyAnInputCannotBeOpened) {
  EXPECT_EQ(FrameReader::open({folder_ / "none.mp4"}, clock_, {}).error().code(), Code::not_found);
}

}  // namespace
}  // namespace ocelli::media
