#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "base/result.h"
#include "media/media_time.h"

namespace ocelli::media {

enum class PixelFormat {
  yuv420p,  ///< planes Y, U, V; chroma halved in both directions, rounded up (J420 is this with full range)
  nv12,     ///< planes Y, interleaved UV
  bgr24,    ///< one plane, 3 bytes a pixel: B, G, R
};
enum class ColorMatrix { bt601, bt709 };
enum class ColorRange { limited, full };

/// How YUV samples mean colours (ITU-R BT.601 / BT.709, clause on quantisation for the range). Ignored for BGR.
struct ColorSpec {
  ColorMatrix matrix = ColorMatrix::bt601;
  ColorRange range = ColorRange::limited;
  bool operator==(const ColorSpec&) const = default;
};

/// Planes of a format: 3, 2 or 1.
int plane_count(PixelFormat format);
/// Size of a plane in samples (for nv12's UV a sample is a pair, for bgr24 a triple).
struct PlaneSize {
  int width;
  int height;
};
PlaneSize plane_size(PixelFormat format, int plane, int width, int height);
/// Bytes of one sample of a plane.
int sample_bytes(PixelFormat format, int plane);

/// Read-only rows of one plane. `stride_bytes` may exceed the row (padding) and may be negative (bottom-up).
struct PlaneView {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride_bytes = 0;
};

/// How far a picture can be trusted.
enum class FrameQuality {
  good,     ///< as the camera encoded it, as far as the decoder can tell
  damaged,  ///< a real picture, but parts of it may be concealed or old: an error lies in it or in what it builds on
  placeholder,  ///< no picture: the one before it again, since this one was lost on the way; never analysed
};

/// Where the samples of a frame lie.
enum class PixelLocation {
  memory,  ///< in ours: plane() shows them
  device,  ///< in a GPU's: download() brings a copy
};

/// What a frame is, apart from its pixels.
struct FrameInfo {
  PixelFormat format = PixelFormat::yuv420p;
  int width = 0;   ///< pixels
  int height = 0;  ///< pixels
  ColorSpec color;
  std::uint64_t sequence = 0;  ///< counts decoded frames of a stream from 0; gaps are frames that were dropped; of a
                               ///< placeholder: that of the picture it shows
  MediaTime time;              ///< presentation time
  base::WallTime captured;     ///< best knowledge of when the camera saw it
  base::SteadyTime arrived;    ///< when its packet was there; for delays
  FrameQuality quality = FrameQuality::good;
  PixelLocation pixels = PixelLocation::memory;
};

/// One decoded picture: immutable, shared, wrapping the memory that the decoder wrote (nothing is copied). Keeps that
/// memory alive and its place in the camera's FramePool taken; so whoever collects frames runs that pool dry, nobody
/// else's. Thread-safe, since nothing changes.
class Frame {
 public:
  const FrameInfo& info() const { return info_; }
  int width() const { return info_.width; }
  int height() const { return info_.height; }
  MediaTime time() const { return info_.time; }
  /// Only of frames in our memory: to ask a device frame for its samples is a bug of ours, since rows of none would be
  /// read as a picture.
  const PlaneView& plane(int index) const {
    OC_CHECK(info_.pixels == PixelLocation::memory);
    return planes_[static_cast<std::size_t>(index)];
  }
  /// For download() only: what keeps the samples alive; FFmpeg's frame where they lie on a device.
  const std::shared_ptr<const void>& memory() const { return memory_; }

 private:
  friend class FramePool;
  friend class FrameBuilder;
  Frame(const FrameInfo& info, const std::array<PlaneView, 3>& planes, std::shared_ptr<const void> memory)
      : info_(info), planes_(planes), memory_(std::move(memory)) {}

  FrameInfo info_;
  std::array<PlaneView, 3> planes_;
  std::shared_ptr<const void> memory_;  // co-owned with the decoder, which may still predict from it
};

/// Shared by whoever still looks at the picture.
using FramePtr = std::shared_ptr<const Frame>;

/// The bound on a camera's live frames. Thread-safe; frames may outlive it. Allocates only while more frames are alive
/// than ever before.
class FramePool {
 public:
  explicit FramePool(std::size_t max_frames);

  /// Wraps memory that `memory` keeps alive. `exhausted` when max_frames frames are alive: the caller drops the
  /// picture, and it is counted here.
  base::Result<FramePtr> wrap(const FrameInfo& info, const std::array<PlaneView, 3>& planes,
                              std::shared_ptr<const void> memory);
  /// Stands for a picture of `time` that was lost: shows `last` again, whose pixels it shares. Fails as wrap().
  base::Result<FramePtr> placeholder(const Frame& last, MediaTime time);

  std::size_t max_frames() const;
  std::size_t frames_alive() const;
  std::size_t device_frames_alive() const;  ///< of frames_alive(), those whose pixels lie on a device
  std::size_t bytes_alive() const;
  std::uint64_t refused() const;

 private:
  struct Account;
  std::shared_ptr<Account> account_;  // co-owned by the frames, which give their place back
};

/// A picture being written: for synthetic frames, conversions and drawings. Move-only; freeze() ends the writing.
/// Rows are 64-byte aligned and followed by 64 readable bytes.
class FrameBuilder {
 public:
  /// Contents are undefined until written.
  static base::Result<FrameBuilder> create(const FrameInfo& info);
  /// A writable copy of the pixels: loud, because it costs a pass over the memory.
  static base::Result<FrameBuilder> copy_of(const Frame& frame);

  FrameBuilder(FrameBuilder&&) = default;
  FrameBuilder& operator=(FrameBuilder&&) = default;

  const FrameInfo& info() const { return info_; }
  std::uint8_t* plane(int index) { return planes_[static_cast<std::size_t>(index)]; }
  std::ptrdiff_t stride_bytes(int index) const { return strides_[static_cast<std::size_t>(index)]; }

  FramePtr freeze() &&;

 private:
  explicit FrameBuilder(const FrameInfo& info) : info_(info) { info_.pixels = PixelLocation::memory; }

  FrameInfo info_;
  std::shared_ptr<void> memory_;  // becomes the frame's
  std::array<std::uint8_t*, 3> planes_{};
  std::array<std::ptrdiff_t, 3> strides_{};
};

}  // namespace ocelli::media
