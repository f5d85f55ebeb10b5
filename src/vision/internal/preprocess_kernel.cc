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

HWY_BEFORE_NAMESPACE();
namespace ocelli::vision::internal {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::RebindToSigned<FloatTag>;
using Floats = hn::Vec<FloatTag>;
using Ints = hn::Vec<IntTag>;

constexpr FloatTag kFloats;
constexpr IntTag kInts;
constexpr std::size_t kLanes = hn::MaxLanes(kFloats);

// ---------------------------------------------------------------- vertical: bytes of several rows → one row of floats

HWY_INLINE Floats load_bytes(const std::uint8_t* from) {
  const hn::Rebind<std::uint8_t, FloatTag> bytes;
  return hn::ConvertTo(kFloats, hn::PromoteTo(kInts, hn::LoadU(bytes, from)));
}

// Calls `vector` at 0, step, 2 × step … and once more for the last `step` samples, which overlap those before; a row
// shorter than a vector goes through `single`. So nothing outside the row is touched.
template <class Vector, class Single>
HWY_INLINE void for_each_vector(std::size_t samples, std::size_t step, const Vector& vector, const Single& single) {
  if (samples < step) {
    for (std::size_t x = 0; x < samples; ++x) single(x);
    return;
  }
  std::size_t x = 0;
  for (; x + step <= samples; x += step) vector(x);
  if (x < samples) vector(samples - step);
}

/// The source rows of one output row.
struct SourceRows {
  const std::uint8_t* first;
  std::ptrdiff_t stride;
  int count;
};

// kCount == 0: rows.count counts.
template <int kCount>
HWY_INLINE void weigh_rows(const SourceRows& rows, const float* HWY_RESTRICT weights, std::size_t weight_stride,
                           std::size_t samples, float* HWY_RESTRICT out) {
  const int count = kCount == 0 ? rows.count : kCount;
  const auto weight = [=](int t) { return weights[static_cast<std::size_t>(t) * weight_stride]; };
  for_each_vector(
      samples, kLanes,
      [=](std::size_t x) HWY_ATTR {
        const std::uint8_t* from = rows.first + x;
        Floats sum = hn::Mul(load_bytes(from), hn::Set(kFloats, weight(0)));
        for (int t = 1; t < count; ++t) {
          from += rows.stride;
          sum = hn::Add(sum, hn::Mul(load_bytes(from), hn::Set(kFloats, weight(t))));
        }
        hn::StoreU(sum, kFloats, out + x);
      },
      [=](std::size_t x) HWY_ATTR {
        float sum = static_cast<float>(rows.first[x]) * weight(0);
        for (int t = 1; t < count; ++t) {
          const float term =
              static_cast<float>(rows.first[static_cast<std::ptrdiff_t>(x) + t * rows.stride]) * weight(t);
          sum = sum + term;
        }
        out[x] = sum;
      });
}

HWY_INLINE void copy_row(const SourceRows& rows, std::size_t samples, float* HWY_RESTRICT out) {
  for_each_vector(
      samples, kLanes, [=](std::size_t x) HWY_ATTR { hn::StoreU(load_bytes(rows.first + x), kFloats, out + x); },
      [=](std::size_t x) HWY_ATTR { out[x] = static_cast<float>(rows.first[x]); });
}

#if HWY_TARGET != HWY_SCALAR  // which has no vectors of two 16-bit lanes
// Sums of up to 257 bytes fit 16 bits, and such lanes are twice as many as floats.
template <int kCount>
HWY_INLINE auto sum_in_16_bits(const SourceRows& rows, std::size_t x) {
  const hn::Repartition<std::uint16_t, FloatTag> sums;
  const hn::Rebind<std::uint8_t, decltype(sums)> bytes;
  const int count = kCount == 0 ? rows.count : kCount;
  const std::uint8_t* from = rows.first + x;
  auto sum = hn::PromoteTo(sums, hn::LoadU(bytes, from));
  for (int t = 1; t < count; ++t) {
    from += rows.stride;
    sum = hn::Add(sum, hn::PromoteTo(sums, hn::LoadU(bytes, from)));
  }
  return sum;
}
#endif

HWY_INLINE int sum_one(const SourceRows& rows, std::size_t x) {
  int sum = 0;
  for (int t = 0; t < rows.count; ++t) sum += rows.first[static_cast<std::ptrdiff_t>(x) + t * rows.stride];
  return sum;
}

template <int kCount>
HWY_INLINE void sum_rows(const SourceRows& rows, std::size_t samples, float* HWY_RESTRICT out) {
  const auto single = [=](std::size_t x) HWY_ATTR { out[x] = static_cast<float>(sum_one(rows, x)); };
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t x = 0; x < samples; ++x) single(x);
#else
  for_each_vector(
      samples, 2 * kLanes,
      [=](std::size_t x) HWY_ATTR {
        const auto sum = sum_in_16_bits<kCount>(rows, x);
        const hn::Half<hn::Repartition<std::uint16_t, FloatTag> > half;
        const Ints low = hn::PromoteTo(kInts, hn::LowerHalf(half, sum));
        const Ints high = hn::PromoteTo(kInts, hn::UpperHalf(half, sum));
        hn::StoreU(hn::ConvertTo(kFloats, low), kFloats, out + x);
        hn::StoreU(hn::ConvertTo(kFloats, high), kFloats, out + x + kLanes);
      },
      single);
#endif
}

// out[x] = the sum of columns 2x and 2x + 1: two neighbouring 16-bit lanes are one 32-bit lane.
template <int kCount>
HWY_INLINE void sum_pairs(const SourceRows& rows, std::size_t pairs, float* HWY_RESTRICT out) {
  const auto single = [=](std::size_t x)
                          HWY_ATTR { out[x] = static_cast<float>(sum_one(rows, 2 * x) + sum_one(rows, 2 * x + 1)); };
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t x = 0; x < pairs; ++x) single(x);
#else
  for_each_vector(
      pairs, kLanes,
      [=](std::size_t x) HWY_ATTR {
        const hn::RebindToUnsigned<IntTag> unsigned_ints;
        const auto both = hn::BitCast(unsigned_ints, sum_in_16_bits<kCount>(rows, 2 * x));
        const auto even = hn::And(both, hn::Set(unsigned_ints, 0xFFFFU));
        const Ints sum = hn::BitCast(kInts, hn::Add(even, hn::ShiftRight<16>(both)));
        hn::StoreU(hn::ConvertTo(kFloats, sum), kFloats, out + x);
      },
      single);
#endif
}

void vertical_pass(const KernelPlane& plane, std::size_t y, float* out) {
  const ResampleTable& table = *plane.vertical;
  const std::size_t samples = static_cast<std::size_t>(plane.samples) * static_cast<std::size_t>(plane.components);
  const std::ptrdiff_t stride = plane.stride_bytes;
  const SourceRows rows{.first = plane.data + table.start[y] * stride, .stride = stride, .count = table.count[y]};
  if (plane.sums_pairs) {
    switch (rows.count) {
      case 2:
        return sum_pairs<2>(rows, samples / 2, out);
      default:
        return sum_pairs<0>(rows, samples / 2, out);
    }
  }
  if (plane.sums_rows) {
    switch (rows.count) {
      case 1:
        return copy_row(rows, samples, out);
      case 2:
        return sum_rows<2>(rows, samples, out);
      case 3:
        return sum_rows<3>(rows, samples, out);
      default:
        return sum_rows<0>(rows, samples, out);
    }
  }
  const float* weights = table.weights.data() + y;
  switch (rows.count) {
    case 1:
      return weigh_rows<1>(rows, weights, table.stride, samples, out);
    case 2:
      return weigh_rows<2>(rows, weights, table.stride, samples, out);
    case 3:
      return weigh_rows<3>(rows, weights, table.stride, samples, out);
    case 4:
      return weigh_rows<4>(rows, weights, table.stride, samples, out);
    default:
      return weigh_rows<0>(rows, weights, table.stride, samples, out);
  }
}

// UV UV … or BGR BGR … → a row per component.
void split_components(const KernelPlane& plane) {
  const std::size_t samples = static_cast<std::size_t>(plane.samples);
  const float* from = plane.interleaved;
  const std::size_t components = static_cast<std::size_t>(plane.components);
  const auto single = [&](std::size_t x) HWY_ATTR {
    for (std::size_t c = 0; c < components; ++c) plane.gathered[c][x] = from[x * components + c];
  };
  if (components == 2) {
    for_each_vector(
        samples, kLanes,
        [&](std::size_t x) HWY_ATTR {
          Floats a;
          Floats b;
          hn::LoadInterleaved2(kFloats, from + 2 * x, a, b);
          hn::StoreU(a, kFloats, plane.gathered[0] + x);
          hn::StoreU(b, kFloats, plane.gathered[1] + x);
        },
        single);
    return;
  }
  for_each_vector(
      samples, kLanes,
      [&](std::size_t x) HWY_ATTR {
        Floats a;
        Floats b;
        Floats c;
        hn::LoadInterleaved3(kFloats, from + 3 * x, a, b, c);
        hn::StoreU(a, kFloats, plane.gathered[0] + x);
        hn::StoreU(b, kFloats, plane.gathered[1] + x);
        hn::StoreU(c, kFloats, plane.gathered[2] + x);
      },
      single);
}

// ------------------------------------------------------------------------------------- horizontal: to canvas columns

// The lanes of a vector of outputs start within kWindow neighbouring vectors of the row. Tap t of all lanes is the same
// permutation of that window moved by t samples, so a register permutation replaces the gather, which costs one load
// per lane.
using SourceRowPair = std::array<const float*, 2>;
using OutputRowPair = std::array<float*, 2>;

/// Where the lanes of a vector of outputs find their samples in a window of neighbouring vectors.
struct WindowLanes {
  hn::Vec<IntTag> in_vector;
  hn::Mask<FloatTag> from_second;
  hn::Mask<FloatTag> from_third;
  hn::Mask<FloatTag> from_fourth;
};

HWY_INLINE WindowLanes window_lanes(const std::int32_t* start) {
  const Ints offset = hn::Sub(hn::LoadU(kInts, start), hn::Set(kInts, *start));
  const auto at_or_after = [offset](std::size_t lane) HWY_ATTR {
    return hn::RebindMask(kFloats, hn::Gt(offset, hn::Set(kInts, static_cast<std::int32_t>(lane) - 1)));
  };
  return {hn::And(offset, hn::Set(kInts, static_cast<std::int32_t>(kLanes - 1))), at_or_after(kLanes),
          at_or_after(2 * kLanes), at_or_after(3 * kLanes)};
}

template <int kWindow>
HWY_INLINE Floats permute_window(const float* window, const WindowLanes& lanes) {
  const auto index = hn::IndicesFromVec(kFloats, lanes.in_vector);
  const auto look_up = [&](std::size_t vector) HWY_ATTR {
    return hn::TableLookupLanes(hn::LoadU(kFloats, window + vector * kLanes), index);
  };
  Floats value = look_up(0);
  if constexpr (kWindow > 1) value = hn::IfThenElse(lanes.from_second, look_up(1), value);
  if constexpr (kWindow > 2) value = hn::IfThenElse(lanes.from_third, look_up(2), value);
  if constexpr (kWindow > 3) value = hn::IfThenElse(lanes.from_fourth, look_up(3), value);
  return value;
}

// kTaps == 0: table.taps counts. One or two rows (U and V) by the same table.
template <int kWindow, int kTaps, int kRows>
HWY_INLINE void permute_rows(const ResampleTable& table, const SourceRowPair& rows, const OutputRowPair& out) {
  const std::size_t width = static_cast<std::size_t>(table.output);
  const std::size_t weight_stride = table.stride;
  const std::int32_t* starts = table.start.data();
  const float* weights = table.weights.data();
  const int taps = kTaps == 0 ? table.taps : kTaps;
  const float* HWY_RESTRICT row0 = rows[0];
  const float* HWY_RESTRICT row1 = rows[1];
  float* HWY_RESTRICT out0 = out[0];
  float* HWY_RESTRICT out1 = out[1];
  for (std::size_t x = 0; x < width; x += kLanes) {
    const WindowLanes lanes = window_lanes(starts + x);
    const std::ptrdiff_t first = starts[x];
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

HWY_INLINE void gather_row(const ResampleTable& table, const float* HWY_RESTRICT row, float* HWY_RESTRICT out) {
  const std::size_t width = static_cast<std::size_t>(table.output);
  for (std::size_t x = 0; x < width; x += kLanes) {
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
HWY_INLINE void permute_by_taps(const ResampleTable& table, const SourceRowPair& rows, const OutputRowPair& out) {
  switch (table.taps) {
    case 2:
      return permute_rows<kWindow, 2, kRows>(table, rows, out);
    case 3:
      return permute_rows<kWindow, 3, kRows>(table, rows, out);
    default:
      return permute_rows<kWindow, 0, kRows>(table, rows, out);
  }
}

template <int kRows>
void horizontal_pass(const ResampleTable& table, int window, const SourceRowPair& rows, const OutputRowPair& out) {
  switch (window) {
    case 1:
      return permute_by_taps<1, kRows>(table, rows, out);
    case 2:
      return permute_by_taps<2, kRows>(table, rows, out);
    case 3:
      return permute_by_taps<3, kRows>(table, rows, out);
    case 4:
      return permute_by_taps<4, kRows>(table, rows, out);
    default:
      for (std::size_t r = 0; r < kRows; ++r) gather_row(table, rows[r], out[r]);
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

HWY_INLINE Floats mix(const ChannelMix& by, Floats first, Floats second, Floats third) {
  const Floats luma = hn::Add(hn::Mul(first, hn::Set(kFloats, by.first)), hn::Set(kFloats, by.offset));
  const Floats chroma =
      hn::Add(hn::Mul(second, hn::Set(kFloats, by.second)), hn::Mul(third, hn::Set(kFloats, by.third)));
  return hn::Add(luma, chroma);
}

template <class Store>
HWY_INLINE void convert_row(const KernelJob& job, std::size_t row_offset) {
  using Element = typename Store::Element;
  Element* red = reinterpret_cast<Element*>(job.channels[0]) + row_offset;
  Element* green = reinterpret_cast<Element*>(job.channels[1]) + row_offset;
  Element* blue = reinterpret_cast<Element*>(job.channels[2]) + row_offset;
  const Floats low = hn::Set(kFloats, job.low);
  const Floats high = hn::Set(kFloats, job.high);
  const auto pixel_at = [&](std::size_t x) HWY_ATTR {
    const Floats first = hn::LoadU(kFloats, job.components[0] + x);
    const Floats second = hn::LoadU(kFloats, job.components[1] + x);
    const Floats third = hn::LoadU(kFloats, job.components[2] + x);
    if (!job.is_yuv) {
      return Pixel{hn::Mul(third, hn::Set(kFloats, job.mix[0].third)),
                   hn::Mul(second, hn::Set(kFloats, job.mix[1].second)),
                   hn::Mul(first, hn::Set(kFloats, job.mix[2].first))};
    }
    return Pixel{hn::Clamp(mix(job.mix[0], first, second, third), low, high),
                 hn::Clamp(mix(job.mix[1], first, second, third), low, high),
                 hn::Clamp(mix(job.mix[2], first, second, third), low, high)};
  };
  const std::size_t width = static_cast<std::size_t>(job.box.content_width);
  std::size_t x = 0;
  for (; x + kLanes <= width; x += kLanes) {
    const Pixel pixel = pixel_at(x);
    Store::store(pixel.red, red + x);
    Store::store(pixel.green, green + x);
    Store::store(pixel.blue, blue + x);
  }
  if (x < width) {
    const Pixel pixel = pixel_at(x);
    store_some<Store>(pixel.red, red + x, width - x);
    store_some<Store>(pixel.green, green + x, width - x);
    store_some<Store>(pixel.blue, blue + x, width - x);
  }
}

template <class Store>
void pad_canvas(const KernelJob& job) {
  using Element = typename Store::Element;
  const Letterbox& box = job.box;
  const std::size_t width = static_cast<std::size_t>(box.canvas_width);
  const std::size_t left = static_cast<std::size_t>(box.content_left);
  const std::size_t right = left + static_cast<std::size_t>(box.content_width);
  const std::size_t top = static_cast<std::size_t>(box.content_top);
  const std::size_t bottom = top + static_cast<std::size_t>(box.content_height);
  for (std::uint8_t* channel : job.channels) {
    Element* canvas = reinterpret_cast<Element*>(channel);
    fill<Store>(canvas, top * width, job.pad);
    for (std::size_t y = top; y < bottom && right - left < width; ++y) {
      fill<Store>(canvas + y * width, left, job.pad);
      fill<Store>(canvas + y * width + right, width - right, job.pad);
    }
    fill<Store>(canvas + bottom * width, (static_cast<std::size_t>(box.canvas_height) - bottom) * width, job.pad);
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

  void run() const {
    if (rows == 2) return horizontal_pass<2>(*table, window, from, to);
    if (rows == 1) return horizontal_pass<1>(*table, window, from, to);
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
      pass.window = plane.horizontal->widest_span(static_cast<int>(kLanes)) / static_cast<int>(kLanes) + 1;
      pass.from[static_cast<std::size_t>(pass.rows)] = plane.gathered[c];
      pass.to[static_cast<std::size_t>(pass.rows)] = plane.resampled[c];
      ++pass.rows;
    }
  }
  return passes;
}

template <class Store>
void run_with(const KernelJob& job) {
  const std::array<HorizontalPass, 3> passes = plan_horizontal_passes(job);
  const std::size_t width = static_cast<std::size_t>(job.box.canvas_width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(job.box.content_height); ++y) {
    for (std::size_t p = 0; p < static_cast<std::size_t>(job.plane_count); ++p) gather_plane_row(job.planes[p], y);
    for (const HorizontalPass& pass : passes) pass.run();
    const std::size_t row = static_cast<std::size_t>(job.box.content_top) + y;
    convert_row<Store>(job, row * width + static_cast<std::size_t>(job.box.content_left));
  }
  pad_canvas<Store>(job);
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
