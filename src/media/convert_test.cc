#include "media/convert.h"

#include <gmock/gmock.h>

namespace ocelli::media {
namespace {

using ::testing::Le;

TEST(CopyToYuv420p, TurnsRedBgrIntoFullRangeBt601) {
  FrameInfo info;
  info.format = PixelFormat::bgr24;
  info.width = 8;
  info.height = 8;
  auto builder = FrameBuilder::create(info);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      std::uint8_t* pixel = builder->plane(0) + y * builder->stride_bytes(0) + x * 3;
      pixel[0] = 0;
      pixel[1] = 0;
      pixel[2] = 255;
    }
  }
  const auto yuv = copy_to_yuv420p(*std::move(*builder).freeze());
  ASSERT_TRUE(yuv);
  EXPECT_EQ((*yuv)->info().color.range, ColorRange::full);
  EXPECT_THAT(std::abs((*yuv)->plane(0).data[0] - 76), Le(1));   // 255 x .299
  EXPECT_THAT(std::abs((*yuv)->plane(1).data[0] - 85), Le(1));   // 128 - 255 x .1687
  EXPECT_THAT(std::abs((*yuv)->plane(2).data[0] - 255), Le(1));  // 128 + 255 x .5
}

TEST(CopyToYuv420p, SplitsNv12WithoutChangingSamples) {
  FrameInfo info;
  info.format = PixelFormat::nv12;
  info.width = 4;
  info.height = 2;
  auto builder = FrameBuilder::create(info);
  for (int i = 0; i < 2; ++i) {
    std::fill_n(builder->plane(0) + i * builder->stride_bytes(0), 4, std::uint8_t{50});
    builder->plane(1)[2 * i] = 90;
    builder->plane(1)[2 * i + 1] = 200;
  }
  const auto yuv = copy_to_yuv420p(*std::move(*builder).freeze());
  ASSERT_TRUE(yuv);
  EXPECT_EQ((*yuv)->plane(0).data[3], 50);
  EXPECT_EQ((*yuv)->plane(1).data[1], 90);
  EXPECT_EQ((*yuv)->plane(2).data[1], 200);
}

}  // namespace
}  // namespace ocelli::media
