#include "media/download.h"

#include <array>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "media/internal/device_layer.h"

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_drm.h>
}

namespace ocelli::media {
namespace {

constexpr int kWidth = 64;
constexpr int kHeight = 48;
constexpr std::size_t kLumaBytes = std::size_t{kWidth} * kHeight;

/// A picture behind a file descriptor, as drivers hand out their surfaces: FFmpeg treats it as any device frame, though
/// there is only memory behind it. Luma counts up, chroma down.
class DrmPicture {
 public:
  DrmPicture() {
    file_ = memfd_create("picture", 0);
    std::array<std::uint8_t, kLumaBytes * 3 / 2> samples{};
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] = static_cast<std::uint8_t>(i < kLumaBytes ? i : 255 - i % 256);
    }
    written_ = write(file_, samples.data(), samples.size()) == static_cast<ssize_t>(samples.size());
    device_.reset(av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_DRM));
    auto* drm = static_cast<AVDRMDeviceContext*>(reinterpret_cast<AVHWDeviceContext*>(device_->data)->hwctx);
    drm->fd = -1;
    av_hwdevice_ctx_init(device_.get());
    frames_.reset(av_hwframe_ctx_alloc(device_.get()));
    auto* frames = reinterpret_cast<AVHWFramesContext*>(frames_->data);
    frames->format = AV_PIX_FMT_DRM_PRIME;
    frames->sw_format = AV_PIX_FMT_NV12;
    frames->width = kWidth;
    frames->height = kHeight;
    av_hwframe_ctx_init(frames_.get());
    descriptor_.nb_objects = 1;
    descriptor_.objects[0] = {file_, samples.size(), 0};
    descriptor_.nb_layers = 1;
    descriptor_.layers[0].format = 0x3231564e;  // DRM_FORMAT_NV12
    descriptor_.layers[0].nb_planes = 2;
    descriptor_.layers[0].planes[0] = {0, 0, kWidth};
    descriptor_.layers[0].planes[1] = {0, kLumaBytes, kWidth};
  }
  ~DrmPicture() { close(file_); }
  DrmPicture(const DrmPicture&) = delete;
  DrmPicture& operator=(const DrmPicture&) = delete;

  bool written() const { return written_; }

  /// The picture as a decoder would hand it on.
  FramePtr frame(FramePool& pool) {
    std::shared_ptr<AVFrame> native = internal::AvFramePtr(av_frame_alloc());
    native->format = AV_PIX_FMT_DRM_PRIME;
    native->width = kWidth;
    native->height = kHeight;
    native->data[0] = reinterpret_cast<std::uint8_t*>(&descriptor_);
    native->buf[0] = av_buffer_create(native->data[0], sizeof(descriptor_), [](void*, std::uint8_t*) {}, nullptr, 0);
    native->hw_frames_ctx = av_buffer_ref(frames_.get());
    FrameInfo info;
    info.format = PixelFormat::nv12;
    info.width = kWidth;
    info.height = kHeight;
    info.sequence = 7;
    info.pixels = PixelLocation::device;
    auto wrapped = pool.wrap(info, {}, std::move(native));
    return wrapped ? *wrapped : nullptr;
  }

 private:
  int file_ = -1;
  bool written_ = false;
  internal::BufferPtr device_;
  internal::BufferPtr frames_;
  AVDRMFrameDescriptor descriptor_{};
};

TEST(Download, CopiesTheSamplesOfADeviceFrameAndCountsIt) {
  DrmPicture picture;
  ASSERT_TRUE(picture.written());
  base::Metrics metrics;
  FramePool pool(4);
  const FramePtr on_device = picture.frame(pool);
  ASSERT_NE(on_device, nullptr);
  EXPECT_EQ(pool.device_frames_alive(), 1U);
  const auto frame = download(on_device, pool, metrics.counter("ocelli_downloads_total", ""));
  ASSERT_TRUE(frame) << frame.error().message();
  const Frame& copy = **frame;
  EXPECT_EQ(copy.info().pixels, PixelLocation::memory);
  EXPECT_EQ(copy.info().format, PixelFormat::nv12);
  EXPECT_EQ(copy.info().sequence, 7U);
  EXPECT_EQ(copy.plane(0).data[5 * copy.plane(0).stride_bytes + 3], (5 * kWidth + 3) % 256);
  EXPECT_EQ(copy.plane(1).data[2 * copy.plane(1).stride_bytes + 1],
            255 - static_cast<int>((kLumaBytes + 2 * kWidth + 1) % 256));
  EXPECT_EQ(metrics.counter("ocelli_downloads_total", "").value(), 1);
  EXPECT_EQ(pool.frames_alive(), 2U);
  EXPECT_EQ(pool.device_frames_alive(), 1U);
}

TEST(Download, GivesAFrameThatLiesInMemoryBackAsItIs) {
  base::Metrics metrics;
  FramePool pool(4);
  FrameInfo info;
  info.width = kWidth;
  info.height = kHeight;
  const FramePtr frame = std::move(*FrameBuilder::create(info)).freeze();
  EXPECT_EQ(*download(frame, pool, metrics.counter("ocelli_downloads_total", "")), frame);
  EXPECT_EQ(metrics.counter("ocelli_downloads_total", "").value(), 0);
}

TEST(Download, IsRefusedWhenThePoolIsDry) {
  DrmPicture picture;
  FramePool pool(1);
  const FramePtr on_device = picture.frame(pool);
  const auto refused = download(on_device, pool, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::exhausted);
}

TEST(DeviceFrameDeathTest, HasNoSamplesToLookAt) {
  DrmPicture picture;
  FramePool pool(1);
  const FramePtr on_device = picture.frame(pool);
  EXPECT_DEATH(std::ignore = on_device->plane(0), "PixelLocation::memory");
}

}  // namespace
}  // namespace ocelli::media
