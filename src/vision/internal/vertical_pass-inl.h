// The vertical pass: bytes of several source rows → one row of floats. Compiled once per instruction set, like its only
// includer, preprocess_kernel.cc; hence the guard that flips with every inclusion.

#if defined(OCELLI_VISION_INTERNAL_VERTICAL_PASS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OCELLI_VISION_INTERNAL_VERTICAL_PASS_INL_H_
#undef OCELLI_VISION_INTERNAL_VERTICAL_PASS_INL_H_
#else
#define OCELLI_VISION_INTERNAL_VERTICAL_PASS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "vision/internal/preprocess_kernel.h"

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

// out[x] = the sum of columns 3x to 3x + 2. Sums of three neighbours in 16-bit lanes, of which every third is an
// output: output i of a vector is half of 32-bit lane 3i / 2. `sums` is scratch.
template <int kCount>
HWY_INLINE void sum_triples(const SourceRows& rows, std::size_t triples, std::uint16_t* HWY_RESTRICT sums,
                            float* HWY_RESTRICT out) {
  const auto single = [=](std::size_t x) HWY_ATTR { sums[x] = static_cast<std::uint16_t>(sum_one(rows, x)); };
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t x = 0; x < 3 * triples; ++x) single(x);
  for (std::size_t x = 0; x < triples; ++x) {
    out[x] = static_cast<float>(sums[3 * x] + sums[3 * x + 1] + sums[3 * x + 2]);
  }
#else
  const hn::Repartition<std::uint16_t, FloatTag> words;
  const auto store_sum = [=](std::size_t x) HWY_ATTR { hn::StoreU(sum_in_16_bits<kCount>(rows, x), words, sums + x); };
  for_each_vector(3 * triples, 2 * kLanes, store_sum, single);
  const Ints position = hn::Mul(hn::Iota(kInts, 0), hn::Set(kInts, 3));
  const Ints lane = hn::ShiftRight<1>(position);
  const Ints last_lane = hn::Set(kInts, static_cast<std::int32_t>(kLanes - 1));
  const auto index = hn::IndicesFromVec(kInts, hn::And(lane, last_lane));
  const auto in_second = hn::Gt(lane, last_lane);
  const auto in_high_half = hn::TestBit(position, hn::Set(kInts, 1));
  const auto sums_of_three = [=](const std::uint16_t* from) HWY_ATTR {
    const auto two = hn::Add(hn::LoadU(words, from), hn::LoadU(words, from + 1));
    return hn::BitCast(kInts, hn::Add(two, hn::LoadU(words, from + 2)));
  };
  const hn::RebindToUnsigned<IntTag> unsigned_ints;
  for (std::size_t x = 0; x < triples; x += kLanes) {
    const Ints first = hn::TableLookupLanes(sums_of_three(sums + 3 * x), index);
    const Ints second = hn::TableLookupLanes(sums_of_three(sums + 3 * x + 2 * kLanes), index);
    const Ints both = hn::IfThenElse(in_second, second, first);
    const Ints low = hn::And(both, hn::Set(kInts, 0xFFFF));
    const Ints high = hn::BitCast(kInts, hn::ShiftRight<16>(hn::BitCast(unsigned_ints, both)));
    hn::StoreU(hn::ConvertTo(kFloats, hn::IfThenElse(in_high_half, high, low)), kFloats, out + x);
  }
#endif
}

// out[x] = the sum of rows at column 3x + 1.
HWY_INLINE void pick_middle_of_three(const SourceRows& rows, std::size_t triples, float* HWY_RESTRICT out) {
  for_each_vector(
      triples, kLanes,
      [=](std::size_t x) HWY_ATTR {
        const hn::Rebind<std::uint8_t, FloatTag> bytes;
        const std::uint8_t* from = rows.first + 3 * x;
        Ints sum = hn::Zero(kInts);
        for (int t = 0; t < rows.count; ++t, from += rows.stride) {
          hn::Vec<decltype(bytes)> left;
          hn::Vec<decltype(bytes)> middle;
          hn::Vec<decltype(bytes)> right;
          hn::LoadInterleaved3(bytes, from, left, middle, right);
          sum = hn::Add(sum, hn::PromoteTo(kInts, middle));
        }
        hn::StoreU(hn::ConvertTo(kFloats, sum), kFloats, out + x);
      },
      [=](std::size_t x) HWY_ATTR { out[x] = static_cast<float>(sum_one(rows, 3 * x + 1)); });
}

// out[x] = the sum of the two middle columns of each group of 2 × kHalf: the last of its first half and the first of
// its second half. De-interleaving the halves leaves these in two vectors of bytes, at even and at odd lanes.
template <int kHalf>
HWY_INLINE void sum_middle_two(const SourceRows& rows, std::size_t groups, float* HWY_RESTRICT out) {
  constexpr std::size_t kGroup = 2 * static_cast<std::size_t>(kHalf);
  const auto single = [=](std::size_t x) HWY_ATTR {
    out[x] = static_cast<float>(sum_one(rows, kGroup * x + kHalf - 1) + sum_one(rows, kGroup * x + kHalf));
  };
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t x = 0; x < groups; ++x) single(x);
#else
  for_each_vector(
      groups, kLanes,
      [=](std::size_t x) HWY_ATTR {
        const hn::Rebind<std::uint16_t, FloatTag> words;
        const hn::Repartition<std::uint8_t, decltype(words)> bytes;
        const std::uint8_t* from = rows.first + kGroup * x;
        auto sum = hn::Zero(words);
        for (int t = 0; t < rows.count; ++t, from += rows.stride) {
          hn::Vec<decltype(bytes)> first;
          hn::Vec<decltype(bytes)> last;
          if constexpr (kHalf == 2) {
            hn::LoadInterleaved2(bytes, from, first, last);
          } else {
            static_assert(kHalf == 3);
            hn::Vec<decltype(bytes)> between;
            hn::LoadInterleaved3(bytes, from, first, between, last);
          }
          const auto left = hn::And(hn::BitCast(words, last), hn::Set(words, 0xFF));
          sum = hn::Add(sum, hn::Add(left, hn::ShiftRight<8>(hn::BitCast(words, first))));
        }
        hn::StoreU(hn::ConvertTo(kFloats, hn::PromoteTo(kInts, sum)), kFloats, out + x);
      },
      single);
#endif
}

inline void vertical_pass(const KernelPlane& plane, std::size_t y, float* out) {
  const ResampleTable& table = *plane.vertical;
  const std::size_t samples = static_cast<std::size_t>(plane.samples) * static_cast<std::size_t>(plane.components);
  const std::ptrdiff_t stride = plane.stride_bytes;
  const SourceRows rows{.first = plane.data + table.start[y] * stride, .stride = stride, .count = table.count[y]};
  switch (plane.columns) {
    case Columns::all:
      break;
    case Columns::pairs:
      return rows.count == 2 ? sum_pairs<2>(rows, samples / 2, out) : sum_pairs<0>(rows, samples / 2, out);
    case Columns::triples:
      return rows.count == 3 ? sum_triples<3>(rows, samples / 3, plane.sums, out)
                             : sum_triples<0>(rows, samples / 3, plane.sums, out);
    case Columns::middle_of_three:
      return pick_middle_of_three(rows, samples / 3, out);
    case Columns::middle_two_of_four:
      return sum_middle_two<2>(rows, samples / 4, out);
    case Columns::middle_two_of_six:
      return sum_middle_two<3>(rows, samples / 6, out);
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
inline void split_components(const KernelPlane& plane) {
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

}  // namespace HWY_NAMESPACE
}  // namespace ocelli::vision::internal
HWY_AFTER_NAMESPACE();

#endif
