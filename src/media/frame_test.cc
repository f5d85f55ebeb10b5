#include "media/frame.h"

#include <cstring>

#include <gmock/gmock.h>

namespace ocelli::media {
namespace {

FrameInfo info(PixelFormat format, int width, int height) {
  FrameInfo result;
  result.format = format;
  result.width = width;
  result.height = height;
  return result;
}

FramePtr grey(int width, int height) {
  auto builder = FrameBuilder::create(info(PixelFormat::yuv420p, width, height));
  for (int plane = 0; plane < 3; ++plane) {
    const auto size = plane_size(PixelFormat::yuv420p, plane, width, height);
    std::memset(builder->plane(plane), 128, static_cast<std::size_t>(builder->stride_bytes(plane) * size.height));
  }
  return std::move(*builder).freeze();
}

TEST(PlaneSize, RoundsChromaUp) {
  EXPECT_EQ(plane_size(PixelFormat::yuv420p, 1, 5, 3).width, 3);
  EXPECT_EQ(plane_size(PixelFormat::yuv420p, 2, 5, 3).height, 2);
  EXPECT_EQ(plane_size(PixelFormat::bgr24, 0, 5, 3).width, 5);
}

TEST(FrameBuilder, AlignsRowsForVectorCode) {
  auto builder = FrameBuilder::create(info(PixelFormat::nv12, 33, 17));
  ASSERT_TRUE(builder);
  for (int plane = 0; plane < 2; ++plane) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(builder->plane(plane)) % 64, 0U);
    EXPECT_EQ(builder->stride_bytes(plane) % 64, 0);
    EXPECT_GE(builder->stride_bytes(plane), 33 + 64);
  }
}

TEST(FrameBuilder, RefusesImpossibleSizes) {
  EXPECT_EQ(FrameBuilder::create(info(PixelFormat::yuv420p, 0, 10)).error().code(), base::Code::invalid);
  EXPECT_EQ(FrameBuilder::create(info(PixelFormat::yuv420p, 1 << 20, 10)).error().code(), base::Code::invalid);
}

TEST(FrameBuilder, CopiesPixelsAndLeavesTheOriginalAlone) {
  const FramePtr original = grey(10, 6);
  auto copy = FrameBuilder::copy_of(*original);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plane(0)[9], 128);
  copy->plane(0)[9] = 7;
  EXPECT_EQ(original->plane(0).data[9], 128);
}

TEST(FramePool, RefusesOneMoreThanItsBoundAndTakesAgainAfterwards) {
  FramePool pool(2);
  const FramePtr picture = grey(16, 16);
  const std::array<PlaneView, 3> planes{picture->plane(0), picture->plane(1), picture->plane(2)};
  const auto wrap = [&] { return pool.wrap(picture->info(), planes, picture); };
  auto first = wrap();
  auto second = wrap();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(pool.bytes_alive(), 2U * (16 * 16 + 2 * 8 * 8));
  EXPECT_EQ(wrap().error().code(), base::Code::exhausted);
  EXPECT_EQ(pool.refused(), 1U);
  first->reset();
  EXPECT_EQ(pool.frames_alive(), 1U);
  EXPECT_TRUE(wrap());
}

TEST(FramePool, WrapsMemoryWithoutCopyingIt) {
  FramePool pool(1);
  const FramePtr picture = grey(16, 16);
  const auto frame = pool.wrap(picture->info(), {picture->plane(0), picture->plane(1), picture->plane(2)}, picture);
  EXPECT_EQ((*frame)->plane(0).data, picture->plane(0).data);
}

TEST(FramePool, MayDieBeforeItsFrames) {
  const FramePtr picture = grey(16, 16);
  FramePtr frame;
  {
    FramePool pool(1);
    frame = *pool.wrap(picture->info(), {picture->plane(0), picture->plane(1), picture->plane(2)}, picture);
  }
  EXPECT_EQ(frame->plane(0).data[0], 128);
}

}  // namespace
}  // namespace ocelli::media
