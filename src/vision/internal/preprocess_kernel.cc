// The pixel loops, compiled once per instruction set.
//
// An output row is made from the source rows that it covers while they are in the first-level cache: a vertical pass
// (bytes to floats), a horizontal pass (at the width of the canvas), the colour conversion and the stores.
// No fused multiply-adds, and sums in one order: every instruction set gives the same float32 and uint8 bits.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/internal/preprocess_kernel.cc"

// Arrays of vectors have no size on SVE and RVV; NEON serves those ARM processors.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "vision/internal/preprocess_kernel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "vision/internal/vertical_pass-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ocelli::vision::internal {
namespace HWY_NAMESPACE {

// ------------------------------------------------------------------------------------- horizontal: to canvas columns

// The lanes of a vector of outputs start within kWindow neighbouring vectors of the row. Tap t of all lanes is the same
// permutation of that window moved by t samples, so a register permutation replaces the gather, which costs one load
// per lane.
using SourceRowPair = std::array<const float*, 2>;
using OutputRowPair = std::array<float*, 2>;

/// Some columns of the picture at output resolution: from a multiple of every vector's lanes to one, or to the end.
struct Stretch {
  std::size_t begin;
  std::size_t end;
};
constexpr std::size_t kStretchColumns = 128;

/// Where the lanes of a vector of outputs find their samples in a window of neighbouring vectors.
struct WindowLanes {
  hn::Vec<IntTag> in_window;
  hn::Mask<FloatTag> from_second;
  hn::Mask<FloatTag> from_third;
  hn::Mask<FloatTag> from_fourth;
};

HWY_INLINE WindowLanes window_lanes(const std::int32_t* start) {
  const Ints offset = hn::Sub(hn::LoadU(kInts, start), hn::Set(kInts, *start));
  const auto at_or_after = [offset](std::size_t lane) HWY_ATTR {
    return hn::RebindMask(kFloats, hn::Gt(offset, hn::Set(kInts, static_cast<std::int32_t>(lane) - 1)));
  };
  return {offset, at_or_after(kLanes), at_or_after(2 * kLanes), at_or_after(3 * kLanes)};
}

template <int kWindow>
HWY_INLINE Floats permute_window(const float* window, const WindowLanes& lanes) {
  const Ints in_vector = hn::And(lanes.in_window, hn::Set(kInts, static_cast<std::int32_t>(kLanes - 1)));
  const auto index = hn::IndicesFromVec(kFloats, in_vector);
  const auto look_up = [&](std::size_t vector) HWY_ATTR {
    return hn::TableLookupLanes(hn::LoadU(kFloats, window + vector * kLanes), index);
  };
  Floats value = look_up(0);
  if constexpr (kWindow > 1) value = hn::IfThenElse(lanes.from_second, look_up(1), value);
  if constexpr (kWindow > 2) value = hn::IfThenElse(lanes.from_third, look_up(2), value);
  if constexpr (kWindow > 3) value = hn::IfThenElse(lanes.from_fourth, look_up(3), value);
  return value;
}

// AVX-512 looks up in two vectors with one instruction, which Highway 1.0 does not offer. So two taps come from one
// window, loaded once: most of these loads cross a cache line.
#if HWY_TARGET <= HWY_AVX3
constexpr int kWindowForTwoTaps = 2;

template <int kWindow>
HWY_INLINE Floats look_up_tap(const std::array<__m512, 2>& window, Ints index) {
  if constexpr (kWindow == 1) return Floats{_mm512_permutexvar_ps(index.raw, window[0])};
  return Floats{_mm512_permutex2var_ps(window[0], index.raw, window[1])};
}

template <int kWindow>
HWY_INLINE Floats sum_two_taps(const float* row, Ints index, Floats weight0, Floats weight1) {
  static_assert(kLanes == 16);
  const std::array<__m512, 2> window{_mm512_loadu_ps(row), _mm512_loadu_ps(row + (kWindow - 1) * kLanes)};
  const Ints next = hn::Add(index, hn::Set(kInts, 1));
  return hn::Add(hn::Mul(look_up_tap<kWindow>(window, index), weight0),
                 hn::Mul(look_up_tap<kWindow>(window, next), weight1));
}
#else
constexpr int kWindowForTwoTaps = 0;

template <int kWindow>
Floats sum_two_taps(const float* row, Ints index, Floats weight0, Floats weight1);
#endif

// Vectors from the first sample of a vector of outputs to the last that one look-up needs.
int window_vectors(const ResampleTable& table) {
  const int lanes = static_cast<int>(kLanes);
  const int span = table.widest_span(lanes);
  const bool both_taps = table.taps == 2 && span < kWindowForTwoTaps * lanes;
  return (span + (both_taps ? 1 : 0)) / lanes + 1;
}

// kTaps == 0: table.taps counts. One or two rows (U and V) by the same table.
template <int kWindow, int kTaps, int kRows>
HWY_INLINE void permute_rows(const ResampleTable& table, Stretch stretch, const SourceRowPair& rows,
                             const OutputRowPair& out) {
  const std::size_t weight_stride = table.stride;
  const std::int32_t* starts = table.start.data();
  const float* weights = table.weights.data();
  const int taps = kTaps == 0 ? table.taps : kTaps;
  const float* HWY_RESTRICT row0 = rows[0];
  const float* HWY_RESTRICT row1 = rows[1];
  float* HWY_RESTRICT out0 = out[0];
  float* HWY_RESTRICT out1 = out[1];
  for (std::size_t x = stretch.begin; x < stretch.end; x += kLanes) {
    const WindowLanes lanes = window_lanes(starts + x);
    const std::ptrdiff_t first = starts[x];
    if constexpr (kTaps == 2 && kWindow <= kWindowForTwoTaps) {
      const Floats weight0 = hn::LoadU(kFloats, weights + x);
      const Floats weight1 = hn::LoadU(kFloats, weights + weight_stride + x);
      hn::StoreU(sum_two_taps<kWindow>(row0 + first, lanes.in_window, weight0, weight1), kFloats, out0 + x);
      if constexpr (kRows == 2) {
        hn::StoreU(sum_two_taps<kWindow>(row1 + first, lanes.in_window, weight0, weight1), kFloats, out1 + x);
      }
      continue;
    }
    Floats sum0 = hn::Zero(kFloats);
    Floats sum1 = hn::Zero(kFloats);
    for (int t = 0; t < taps; ++t) {
      const Floats weight = hn::LoadU(kFloats, weights + static_cast<std::size_t>(t) * weight_stride + x);
      sum0 = hn::Add(sum0, hn::Mul(permute_window<kWindow>(row0 + first + t, lanes), weight));
      if constexpr (kRows == 2) {
        sum1 = hn::Add(sum1, hn::Mul(permute_window<kWindow>(row1 + first + t, lanes), weight));
      }
    }
    hn::StoreU(sum0, kFloats, out0 + x);
    if constexpr (kRows == 2) hn::StoreU(sum1, kFloats, out1 + x);
  }
}

HWY_INLINE void gather_row(const ResampleTable& table, Stretch stretch, const float* HWY_RESTRICT row,
                           float* HWY_RESTRICT out) {
  for (std::size_t x = stretch.begin; x < stretch.end; x += kLanes) {
    const Ints start = hn::LoadU(kInts, table.start.data() + x);
    const float* weight = table.weights.data() + x;
    Floats sum = hn::Zero(kFloats);
    for (int t = 0; t < table.taps; ++t, weight += table.stride) {
      sum = hn::Add(sum, hn::Mul(hn::GatherIndex(kFloats, row + t, start), hn::LoadU(kFloats, weight)));
    }
    hn::StoreU(sum, kFloats, out + x);
  }
}

template <int kWindow, int kRows>
HWY_INLINE void permute_by_taps(const ResampleTable& table, Stretch stretch, const SourceRowPair& rows,
                                const OutputRowPair& out) {
  switch (table.taps) {
    case 2:
      return permute_rows<kWindow, 2, kRows>(table, stretch, rows, out);
    case 3:
      return permute_rows<kWindow, 3, kRows>(table, stretch, rows, out);
    default:
      return permute_rows<kWindow, 0, kRows>(table, stretch, rows, out);
  }
}

template <int kRows>
void horizontal_pass(const ResampleTable& table, int window, Stretch stretch, const SourceRowPair& rows,
                     const OutputRowPair& out) {
  switch (window) {
    case 1:
      return permute_by_taps<1, kRows>(table, stretch, rows, out);
    case 2:
      return permute_by_taps<2, kRows>(table, stretch, rows, out);
    case 3:
      return permute_by_taps<3, kRows>(table, stretch, rows, out);
    case 4:
      return permute_by_taps<4, kRows>(table, stretch, rows, out);
    default:
      for (std::size_t r = 0; r < kRows; ++r) gather_row(table, stretch, rows[r], out[r]);
  }
}

// ------------------------------------------------------------------------------------------ colour, clipping, storing

struct StoreFloat32 {
  using Element = float;
  static HWY_INLINE void store(Floats value, float* to) { hn::StoreU(value, kFloats, to); }
};

struct StoreFloat16 {
  using Element = hwy::float16_t;
  static HWY_INLINE void store(Floats value, hwy::float16_t* to) {
    const hn::Rebind<hwy::float16_t, FloatTag> halves;
    hn::StoreU(hn::DemoteTo(halves, value), halves, to);
  }
};

struct StoreUint8 {
  using Element = std::uint8_t;
  static HWY_INLINE void store(Floats value, std::uint8_t* to) {
    const hn::Rebind<std::uint8_t, FloatTag> bytes;
    hn::StoreU(hn::DemoteTo(bytes, hn::NearestInt(value)), bytes, to);
  }
};

template <class Store>
HWY_INLINE void store_some(Floats value, typename Store::Element* to, std::size_t count) {
  HWY_ALIGN typename Store::Element whole[kLanes];
  Store::store(value, whole);
  std::memcpy(to, whole, count * sizeof(typename Store::Element));
}

template <class Store>
HWY_INLINE void fill(typename Store::Element* to, std::size_t count, float value) {
  const Floats values = hn::Set(kFloats, value);
  std::size_t x = 0;
  for (; x + kLanes <= count; x += kLanes) Store::store(values, to + x);
  if (x < count) store_some<Store>(values, to + x, count - x);
}

struct Pixel {
  Floats red;
  Floats green;
  Floats blue;
};

HWY_INLINE Floats multiply_add(Floats value, float by, float offset) {
  return hn::Add(hn::Mul(value, hn::Set(kFloats, by)), hn::Set(kFloats, offset));
}

// Red has no U and blue no V.
HWY_INLINE Pixel mix_yuv(const std::array<ChannelMix, 3>& by, Floats y, Floats u, Floats v) {
  const auto& [red, green, blue] = by;
  const auto luma = [y](const ChannelMix& channel) HWY_ATTR { return hn::Mul(y, hn::Set(kFloats, channel.first)); };
  const Floats green_chroma =
      hn::Add(multiply_add(u, green.second, green.offset), hn::Mul(v, hn::Set(kFloats, green.third)));
  return {hn::Add(luma(red), multiply_add(v, red.third, red.offset)), hn::Add(luma(green), green_chroma),
          hn::Add(luma(blue), multiply_add(u, blue.second, blue.offset))};
}

template <class Store>
HWY_INLINE void convert_row(const KernelJob& job, Stretch stretch, std::size_t row_offset) {
  using Element = typename Store::Element;
  Element* red = reinterpret_cast<Element*>(job.channels[0]) + row_offset;
  Element* green = reinterpret_cast<Element*>(job.channels[1]) + row_offset;
  Element* blue = reinterpret_cast<Element*>(job.channels[2]) + row_offset;
  const auto bounded = [&](Floats value, std::size_t c) HWY_ATTR {
    return hn::Clamp(value, hn::Set(kFloats, job.low[c]), hn::Set(kFloats, job.high[c]));
  };
  const auto pixel_at = [&](std::size_t x) HWY_ATTR {
    const Floats first = hn::LoadU(kFloats, job.components[0] + x);
    const Floats second = hn::LoadU(kFloats, job.components[1] + x);
    const Floats third = hn::LoadU(kFloats, job.components[2] + x);
    if (!job.is_yuv) {
      return Pixel{multiply_add(third, job.mix[0].third, job.mix[0].offset),
                   multiply_add(second, job.mix[1].second, job.mix[1].offset),
                   multiply_add(first, job.mix[2].first, job.mix[2].offset)};
    }
    const Pixel pixel = mix_yuv(job.mix, first, second, third);
    return Pixel{bounded(pixel.red, 0), bounded(pixel.green, 1), bounded(pixel.blue, 2)};
  };
  std::size_t x = stretch.begin;
  for (; x + kLanes <= stretch.end; x += kLanes) {
    const Pixel pixel = pixel_at(x);
    Store::store(pixel.red, red + x);
    Store::store(pixel.green, green + x);
    Store::store(pixel.blue, blue + x);
  }
  if (x < stretch.end) {
    const Pixel pixel = pixel_at(x);
    store_some<Store>(pixel.red, red + x, stretch.end - x);
    store_some<Store>(pixel.green, green + x, stretch.end - x);
    store_some<Store>(pixel.blue, blue + x, stretch.end - x);
  }
}

// Left and right of the picture's row.
template <class Store>
HWY_INLINE void pad_sides(const KernelJob& job, std::size_t row_offset) {
  const std::size_t left = static_cast<std::size_t>(job.box.content_left);
  const std::size_t right = left + static_cast<std::size_t>(job.box.content_width);
  const std::size_t width = static_cast<std::size_t>(job.box.canvas_width);
  for (std::size_t c = 0; c < 3; ++c) {
    typename Store::Element* row = reinterpret_cast<typename Store::Element*>(job.channels[c]) + row_offset;
    fill<Store>(row, left, job.pad[c]);
    fill<Store>(row + right, width - right, job.pad[c]);
  }
}

template <class Store>
HWY_INLINE void pad_row(const KernelJob& job, std::size_t row_offset) {
  for (std::size_t c = 0; c < 3; ++c) {
    fill<Store>(reinterpret_cast<typename Store::Element*>(job.channels[c]) + row_offset,
                static_cast<std::size_t>(job.box.canvas_width), job.pad[c]);
  }
}

// Row y of an interleaved tensor, from the scratch rows.
template <class Store>
HWY_INLINE void interleave_row(const KernelJob& job, std::size_t y) {
  using Element = typename Store::Element;
  const bool rgb = job.order == ChannelOrder::rgb;
  const Element* HWY_RESTRICT first = reinterpret_cast<const Element*>(job.channels[rgb ? 0 : 2]);
  const Element* HWY_RESTRICT second = reinterpret_cast<const Element*>(job.channels[1]);
  const Element* HWY_RESTRICT third = reinterpret_cast<const Element*>(job.channels[rgb ? 2 : 0]);
  const std::size_t width = static_cast<std::size_t>(job.box.canvas_width);
  Element* HWY_RESTRICT to = reinterpret_cast<Element*>(job.interleaved) + 3 * y * width;
  for (std::size_t x = 0; x < width; ++x) {
    to[3 * x] = first[x];
    to[3 * x + 1] = second[x];
    to[3 * x + 2] = third[x];
  }
}

// ---------------------------------------------------------------------------------------------------------- the frame

void gather_plane_row(const KernelPlane& plane, std::size_t y) {
  if (plane.components == 1) return vertical_pass(plane, y, plane.gathered[0]);
  vertical_pass(plane, y, plane.interleaved);
  split_components(plane);
}

/// The horizontal passes of a frame's rows: components that share a table go in twos.
struct HorizontalPass {
  const ResampleTable* table = nullptr;
  int window = 1;  // vectors
  int rows = 0;
  SourceRowPair from{};
  OutputRowPair to{};

  void run(Stretch stretch) const {
    if (rows == 2) return horizontal_pass<2>(*table, window, stretch, from, to);
    if (rows == 1) return horizontal_pass<1>(*table, window, stretch, from, to);
  }
};

std::array<HorizontalPass, 3> plan_horizontal_passes(const KernelJob& job) {
  std::array<HorizontalPass, 3> passes;
  std::size_t last = 0;
  for (std::size_t p = 0; p < static_cast<std::size_t>(job.plane_count); ++p) {
    const KernelPlane& plane = job.planes[p];
    if (plane.horizontal->is_identity()) continue;  // the driver let `resampled` be `gathered`
    for (std::size_t c = 0; c < static_cast<std::size_t>(plane.components); ++c) {
      if (passes[last].rows == 2 || (passes[last].rows == 1 && passes[last].table != plane.horizontal)) ++last;
      HorizontalPass& pass = passes[last];
      pass.table = plane.horizontal;
      pass.window = window_vectors(*plane.horizontal);
      pass.from[static_cast<std::size_t>(pass.rows)] = plane.gathered[c];
      pass.to[static_cast<std::size_t>(pass.rows)] = plane.resampled[c];
      ++pass.rows;
    }
  }
  return passes;
}

/// Rows of the canvas above and below the picture: those from `first` to `end`, counted without its own.
template <class Store>
void pad_rows(const KernelJob& job, std::size_t first, std::size_t end) {
  const std::size_t top = static_cast<std::size_t>(job.box.content_top);
  for (std::size_t i = first; i < end; ++i) {
    const std::size_t row = i < top ? i : i + static_cast<std::size_t>(job.box.content_height);
    if (job.interleaved == nullptr) {
      pad_row<Store>(job, row * static_cast<std::size_t>(job.box.canvas_width));
    } else {
      pad_row<Store>(job, 0);
      interleave_row<Store>(job, row);
    }
  }
}

// The rows above and below the picture are filled in step with its own: those stores drain while the next row is
// computed, where a fill of its own would only wait for memory.
template <class Store>
void run_with(const KernelJob& job) {
  const std::array<HorizontalPass, 3> passes = plan_horizontal_passes(job);
  const std::size_t width = static_cast<std::size_t>(job.box.canvas_width);
  const std::size_t top = static_cast<std::size_t>(job.box.content_top);
  const std::size_t height = static_cast<std::size_t>(job.box.content_height);
  const std::size_t content_width = static_cast<std::size_t>(job.box.content_width);
  // A whole row of stores would wait for memory; between them, the next stretch is resampled.
  const std::size_t step = passes[0].rows > 0 ? kStretchColumns : content_width;
  const std::size_t empty_rows = static_cast<std::size_t>(job.box.canvas_height) - height;
  const bool planar = job.interleaved == nullptr;
  std::size_t padded = 0;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t p = 0; p < static_cast<std::size_t>(job.plane_count); ++p) gather_plane_row(job.planes[p], y);
    const std::size_t row_offset = planar ? (top + y) * width : 0;
    for (std::size_t x = 0; x < content_width; x += step) {
      const Stretch stretch{x, std::min(x + step, content_width)};
      for (const HorizontalPass& pass : passes) pass.run(stretch);
      convert_row<Store>(job, stretch, row_offset + static_cast<std::size_t>(job.box.content_left));
    }
    if (job.writes_padding || !planar) pad_sides<Store>(job, row_offset);
    if (!planar) interleave_row<Store>(job, top + y);
    if (!job.writes_padding) continue;
    const std::size_t due = empty_rows * (y + 1) / height;
    pad_rows<Store>(job, padded, due);
    padded = due;
  }
}

void run_frame(const KernelJob& job) {
  switch (job.element) {
    case ElementType::float32:
      return run_with<StoreFloat32>(job);
    case ElementType::float16:
      return run_with<StoreFloat16>(job);
    case ElementType::uint8:
      return run_with<StoreUint8>(job);
  }
}

std::int64_t compiled_target() {
  return HWY_TARGET;
}

}  // namespace HWY_NAMESPACE
}  // namespace ocelli::vision::internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ocelli::vision::internal {

HWY_EXPORT(run_frame);
HWY_EXPORT(compiled_target);

void run_kernel(const KernelJob& job) {
  HWY_DYNAMIC_DISPATCH(run_frame)(job);
}

std::string_view kernel_target() {
  return hwy::TargetName(HWY_DYNAMIC_DISPATCH(compiled_target)());
}

}  // namespace ocelli::vision::internal
#endif
