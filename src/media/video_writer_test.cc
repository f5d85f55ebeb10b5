#include "media/video_writer.h"

#include <gmock/gmock.h>

#include "base/clock.h"
#include "media/source.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using testing::TemporaryFolder;

FramePtr picture(int number, int width, int height) {
  FrameInfo info;
  info.width = width;
  info.height = height;
  info.time = from_seconds(number * 0.1);
  auto builder = FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const auto size = plane_size(info.format, plane, width, height);
    for (int row = 0; row < size.height; ++row) {
      std::fill_n(builder->plane(plane) + row * builder->stride_bytes(plane), size.width,
                  static_cast<std::uint8_t>(plane == 0 ? 40 + 5 * number : 128));
    }
  }
  return std::move(*builder).freeze();
}

TEST(VideoWriter, WritesWhatADecoderReadsBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.mp4.part";
  {
    auto writer = VideoWriter::create(path, picture(0, 65, 49)->info(), 10);
    ASSERT_TRUE(writer) << writer.error().message();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*writer)->write(*picture(i, 65, 49)));
    ASSERT_TRUE((*writer)->finish());
  }
  base::SystemClock clock;
  const auto source = Source::open({path}, clock, {});
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().frame_count, 20U);
  EXPECT_EQ((*source)->info().width, 64);
  EXPECT_NEAR(std::chrono::duration<double>(*(*source)->info().duration).count(), 2, 0.11);
}

TEST(VideoWriter, SaysWhereItCannotWrite) {
  const TemporaryFolder folder;
  const auto writer = VideoWriter::create(folder / "missing/a.mp4", picture(0, 64, 48)->info(), 10);
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message(), ::testing::HasSubstr("missing/a.mp4"));
}

TEST(VideoWriter, RefusesAPictureThatShrank) {
  const TemporaryFolder folder;
  auto writer = VideoWriter::create(folder / "a.mp4", picture(0, 64, 48)->info(), 10);
  ASSERT_TRUE(writer);
  EXPECT_EQ((*writer)->write(*picture(0, 32, 48)).error().code(), base::Code::unsupported);
}

}  // namespace
}  // namespace ocelli::media
