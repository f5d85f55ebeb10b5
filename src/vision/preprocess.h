#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "media/frame.h"
#include "vision/geometry.h"
#include "vision/letterbox.h"

namespace ocelli::vision {

enum class ElementType { float32, float16, uint8 };
enum class ChannelOrder { rgb, bgr };
/// How the tensor lies in memory.
enum class TensorLayout {
  planar,       ///< a picture per channel: [3, height, width]
  interleaved,  ///< the channels of a pixel side by side: [height, width, 3]
};
/// How the picture is scaled.
enum class ResizeFilter {
  area,      ///< mean over the source pixels that an output pixel covers when it shrinks, bilinear when it grows
  bilinear,  ///< four neighbours, half-pixel centres, whatever the scale: what OpenCV's INTER_LINEAR does
};

/// What a model wants its input to be.
struct InputSpec {
  int width = 640;
  int height = 640;
  ElementType element = ElementType::float32;
  ChannelOrder order = ChannelOrder::rgb;
  TensorLayout layout = TensorLayout::planar;
  /// output = (pixel (0…255) × scale − mean) / deviation; uint8 takes the pixel as it is. Mean and deviation have one
  /// value for each channel of the tensor, in its order.
  float scale = 1.F / 255.F;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> deviation{1, 1, 1};  ///< above 0
  std::uint8_t pad = 114;                   ///< grey level of the padding, 0…255, before scaling
  ResizeFilter filter = ResizeFilter::area;
  Fit fit = Fit::center;

  bool operator==(const InputSpec&) const = default;
};

/// Which padding a tensor's memory has around the picture, so that it is rewritten only when another one is wanted.
/// Belongs to the memory, not to a Preprocessor: any number of them may take turns there, but nobody else may write to
/// it. A new mark says that nothing is known. A value.
class PaddingMark {
 private:
  friend class Preprocessor;
  struct Drawn {
    InputSpec spec;
    int left, top, width, height;  // of the picture on the canvas
    bool operator==(const Drawn&) const = default;
  };
  std::optional<Drawn> drawn_;
};

/// Decoded planes → model input in one pass: YUV420P, NV12 or BGR is resampled plane by plane, converted by the frame's
/// own colour matrix and range at output resolution, scaled and written straight into the tensor that the model is
/// bound to. Every source sample is read once (bilinear: at most once per output row that uses it); there is no
/// intermediate picture.
///
/// Clipping to 0…255 happens once, at the end, in floating point: against a path that rounds to 8 bits after the colour
/// conversion and again after the resize, values differ by about half a level on average (swscale, a level too
/// dark, adds one: bench/preprocess_bench).
/// Chroma samples are taken to sit in the middle of their 2×2 pixels (MPEG-1/JPEG siting).
///
/// Keeps tables for the last frame geometry, and their memory for the next; one thread at a time.
class Preprocessor {
 public:
  explicit Preprocessor(const InputSpec& spec);
  ~Preprocessor();
  Preprocessor(Preprocessor&&) noexcept;
  Preprocessor& operator=(Preprocessor&&) noexcept;

  const InputSpec& spec() const;
  /// From here on as if made anew for `spec`, but in the memory that it has: for inputs whose size changes.
  void change(const InputSpec& spec);
  /// Bytes of one picture: 3 × height × width × element.
  std::size_t output_bytes() const;

  /// Fills `output` (contiguous, 64-byte aligned, output_bytes() long) and tells where the picture lies in it.
  /// Writes the padding too, unless `mark`, which belongs to that memory, says that it is there already: a wide picture
  /// is nearly half padding. `invalid` for a frame without pixels.
  base::Result<Letterbox> run(const media::Frame& frame, void* output, PaddingMark* mark = nullptr);
  /// The same for a part of the frame, as if it were a picture of its own; nothing outside it is read. `invalid` unless
  /// it has pixels, lies inside the frame and begins at even ones: see region_of().
  base::Result<Letterbox> run(const media::Frame& frame, const PixelRegion& region, void* output,
                              PaddingMark* mark = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same result by the plainest code: one output pixel at a time, double precision. For tests.
base::Result<Letterbox> preprocess_reference(const media::Frame& frame, const PixelRegion& region,
                                             const InputSpec& spec, void* output);

/// The instruction set chosen for the kernels on this machine, e.g. "AVX3", for `ocelli doctor`.
std::string_view simd_target();

}  // namespace ocelli::vision
