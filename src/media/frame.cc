#include "media/frame.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "media/internal/recycling.h"

namespace ocelli::media {
namespace {

constexpr std::ptrdiff_t kRowAlignment = 64;
constexpr int kMaxSide = 1 << 15;

int halved(int length) {
  return (length + 1) / 2;
}

std::size_t pixel_bytes(const FrameInfo& info) {
  std::size_t bytes = 0;
  for (int plane = 0; plane < plane_count(info.format); ++plane) {
    const auto size = plane_size(info.format, plane, info.width, info.height);
    bytes += static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) *
             static_cast<std::size_t>(sample_bytes(info.format, plane));
  }
  return bytes;
}

}  // namespace

int plane_count(PixelFormat format) {
  switch (format) {
    case PixelFormat::yuv420p:
      return 3;
    case PixelFormat::nv12:
      return 2;
    case PixelFormat::bgr24:
      return 1;
  }
  return 0;
}

PlaneSize plane_size(PixelFormat format, int plane, int width, int height) {
  if (plane == 0 || format == PixelFormat::bgr24) return {width, height};
  return {halved(width), halved(height)};
}

int sample_bytes(PixelFormat format, int plane) {
  if (format == PixelFormat::bgr24) return 3;
  return format == PixelFormat::nv12 && plane == 1 ? 2 : 1;
}

struct FramePool::Account {
  explicit Account(std::size_t most) : max_frames(most) {}

  const std::size_t max_frames;
  internal::Blocks frame_blocks;
  const std::shared_ptr<internal::Blocks> control_blocks = std::make_shared<internal::Blocks>();  // outlive the account
  std::atomic<std::size_t> frames{0};
  std::atomic<std::size_t> device_frames{0};
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::uint64_t> refused{0};
};

FramePool::FramePool(std::size_t max_frames) : account_(std::make_shared<Account>(max_frames)) {}

base::Result<FramePtr> FramePool::wrap(const FrameInfo& info, const std::array<PlaneView, 3>& planes,
                                       std::shared_ptr<const void> memory) {
  const std::size_t bytes = pixel_bytes(info);
  if (account_->frames.fetch_add(1) >= account_->max_frames) {
    account_->frames.fetch_sub(1);
    account_->refused.fetch_add(1);
    return base::Error(base::Code::exhausted, "all " + std::to_string(account_->max_frames) + " frames are in use");
  }
  account_->bytes.fetch_add(bytes);
  if (info.pixels == PixelLocation::device) account_->device_frames.fetch_add(1);
  auto give_back = [account = account_, bytes](Frame* frame) {
    if (frame->info().pixels == PixelLocation::device) account->device_frames.fetch_sub(1);
    frame->~Frame();
    account->frame_blocks.give_back(frame);
    account->bytes.fetch_sub(bytes);
    account->frames.fetch_sub(1);
  };
  auto* frame = new (account_->frame_blocks.take(sizeof(Frame))) Frame(info, planes, std::move(memory));
  return FramePtr(frame, std::move(give_back), internal::BlockAllocator<Frame>(account_->control_blocks));
}

base::Result<FramePtr> FramePool::placeholder(const Frame& last, MediaTime time) {
  FrameInfo info = last.info();
  info.captured += std::chrono::duration_cast<base::WallTime::duration>(time - info.time);
  info.time = time;
  info.quality = FrameQuality::placeholder;
  return wrap(info, last.planes_, last.memory_);
}

std::size_t FramePool::max_frames() const {
  return account_->max_frames;
}
std::size_t FramePool::device_frames_alive() const {
  return account_->device_frames.load();
}
std::size_t FramePool::frames_alive() const {
  return account_->frames.load();
}
std::size_t FramePool::bytes_alive() const {
  return account_->bytes.load();
}
std::uint64_t FramePool::refused() const {
  return account_->refused.load();
}

base::Result<FrameBuilder> FrameBuilder::create(const FrameInfo& info) {
  if (info.width < 1 || info.height < 1 || info.width > kMaxSide || info.height > kMaxSide) {
    return base::Error(base::Code::invalid, "a picture of " + std::to_string(info.width) + "x" +
                                                std::to_string(info.height) + " pixels cannot be made");
  }
  FrameBuilder builder(info);
  std::array<std::size_t, 3> offsets{};
  std::size_t total = 0;
  for (int plane = 0; plane < plane_count(info.format); ++plane) {
    const auto size = plane_size(info.format, plane, info.width, info.height);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(size.width) * sample_bytes(info.format, plane);
    const auto index = static_cast<std::size_t>(plane);
    builder.strides_[index] = (row + kRowAlignment - 1) / kRowAlignment * kRowAlignment + kRowAlignment;
    offsets[index] = total;
    total += static_cast<std::size_t>(builder.strides_[index]) * static_cast<std::size_t>(size.height);
  }
  void* memory = std::aligned_alloc(kRowAlignment, total);
  if (memory == nullptr) {
    return base::Error(base::Code::exhausted, "out of memory: a picture needs " + std::to_string(total) + " bytes");
  }
  builder.memory_ = std::shared_ptr<void>(memory, [](void* bytes) { std::free(bytes); });
  for (std::size_t plane = 0; plane < static_cast<std::size_t>(plane_count(info.format)); ++plane) {
    builder.planes_[plane] = static_cast<std::uint8_t*>(memory) + offsets[plane];
  }
  return builder;
}

base::Result<FrameBuilder> FrameBuilder::copy_of(const Frame& frame) {
  const FrameInfo& info = frame.info();
  OC_TRY(auto builder, create(info));
  for (int plane = 0; plane < plane_count(info.format); ++plane) {
    const auto size = plane_size(info.format, plane, info.width, info.height);
    const auto row_bytes =
        static_cast<std::size_t>(size.width) * static_cast<std::size_t>(sample_bytes(info.format, plane));
    for (int row = 0; row < size.height; ++row) {
      std::memcpy(builder.plane(plane) + row * builder.stride_bytes(plane),
                  frame.plane(plane).data + row * frame.plane(plane).stride_bytes, row_bytes);
    }
  }
  return builder;
}

FramePtr FrameBuilder::freeze() && {
  std::array<PlaneView, 3> views{};
  for (std::size_t plane = 0; plane < views.size(); ++plane) views[plane] = {planes_[plane], strides_[plane]};
  return FramePtr(new Frame(info_, views, std::move(memory_)));
}

}  // namespace ocelli::media
