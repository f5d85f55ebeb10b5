#include "vision/internal/resample_table.h"

#include <algorithm>

#include "base/check.h"

namespace ocelli::vision::internal {
namespace {

// A multiple of the lanes of every vector that the kernel uses.
constexpr std::size_t kPadOutputs = 64;

/// The source samples of one output.
struct Span {
  std::int64_t first;
  std::int64_t count;
  double fraction;  // of the second of two, when they are interpolated
};

/// One axis, in whole numbers all the way: a tap that exists only by rounding would reach one sample past the end.
class Axis {
 public:
  Axis(int source, std::int64_t extent_halves, int output, ResizeFilter filter)
      : source_(source),
        extent_halves_(extent_halves),
        unit_(2 * static_cast<std::int64_t>(output)),
        is_area_(filter == ResizeFilter::area && extent_halves >= unit_) {}

  Span span(std::int64_t i) const { return is_area_ ? area_span(i) : bilinear_span(i); }

  double weight(std::int64_t i, const Span& span, std::int64_t tap) const {
    if (!is_area_) return tap == 0 ? 1 - span.fraction : span.fraction;
    const std::int64_t begin = i * extent_halves_;
    const std::int64_t sample = (span.first + tap) * unit_;
    const std::int64_t covered = std::min(begin + extent_halves_, sample + unit_) - std::max(begin, sample);
    return static_cast<double>(covered) / static_cast<double>(extent_halves_);
  }

 private:
  // Output i covers the source from i × extent / output to (i + 1) × extent / output.
  Span area_span(std::int64_t i) const {
    const std::int64_t begin = i * extent_halves_;
    const std::int64_t end = begin + extent_halves_;
    const std::int64_t first = begin / unit_;
    return {first, std::min<std::int64_t>(source_, (end + unit_ - 1) / unit_) - first, 0};
  }

  // Half-pixel centres: output i looks at (i + ½) × extent / output − ½.
  Span bilinear_span(std::int64_t i) const {
    const std::int64_t whole = 2 * unit_;
    const std::int64_t position = std::max<std::int64_t>(0, (2 * i + 1) * extent_halves_ - unit_);
    const std::int64_t first = position / whole;
    if (first >= source_ - 1) return {source_ - 1, 1, 0};
    const double fraction = static_cast<double>(position % whole) / static_cast<double>(whole);
    return {first, fraction == 0 ? 1 : 2, fraction};
  }

  const std::int64_t source_;
  const std::int64_t extent_halves_;
  const std::int64_t unit_;  // of one source sample in the numbers of area_span()
  const bool is_area_;
};

}  // namespace

int ResampleTable::widest_span(int lanes) const {
  int widest = 0;
  for (int i = 0; i < output; i += lanes) {
    const std::size_t first = static_cast<std::size_t>(i);
    widest = std::max(widest, start[first + static_cast<std::size_t>(lanes) - 1] - start[first]);
  }
  return widest;
}

ResampleTable make_resample_table(int source, std::int64_t extent_halves, int output, ResizeFilter filter) {
  ResampleTable table;
  remake_resample_table(table, source, extent_halves, output, filter);
  return table;
}

void remake_resample_table(ResampleTable& table, int source, std::int64_t extent_halves, int output,
                           ResizeFilter filter) {
  OC_CHECK(source > 0 && output > 0 && extent_halves > 0);
  const Axis axis(source, extent_halves, output, filter);
  const std::int64_t unit = 2 * static_cast<std::int64_t>(output);
  const std::size_t outputs = static_cast<std::size_t>(output);
  std::int64_t taps = 1;
  for (int i = 0; i < output; ++i) taps = std::max(taps, axis.span(i).count);
  table.source = source;
  table.output = output;
  table.taps = static_cast<int>(taps);
  table.step = extent_halves % unit == 0 ? static_cast<int>(extent_halves / unit) : 0;
  table.equal_weights = taps == 1 || table.step > 0;  // bilinear: the middle sample, or half of each of the middle two
  table.stride = (outputs + kPadOutputs - 1) / kPadOutputs * kPadOutputs;
  table.start.assign(table.stride, static_cast<std::int32_t>(axis.span(output - 1).first));
  table.count.assign(table.stride, 1);
  table.weights.assign(static_cast<std::size_t>(taps) * table.stride, 0.F);
  for (std::size_t i = 0; i < outputs; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    const Span span = axis.span(number);
    table.start[i] = static_cast<std::int32_t>(span.first);
    table.count[i] = static_cast<std::int32_t>(span.count);
    for (std::int64_t t = 0; t < span.count; ++t) {
      table.weights[static_cast<std::size_t>(t) * table.stride + i] = static_cast<float>(axis.weight(number, span, t));
    }
  }
}

}  // namespace ocelli::vision::internal
