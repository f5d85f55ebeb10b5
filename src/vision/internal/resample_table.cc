#include "vision/internal/resample_table.h"

#include <algorithm>

#include "base/check.h"

namespace ocelli::vision::internal {
namespace {

// A multiple of the lanes of every vector that the kernel uses.
constexpr std::size_t kPadOutputs = 64;

struct Span {
  std::int64_t first;
  std::vector<double> weights;
};

// Output i covers the source from i × extent / output to (i + 1) × extent / output. Whole numbers all the way: a tap
// that exists only by rounding would reach one sample past the end.
Span area_span(std::int64_t i, int source, std::int64_t extent_halves, int output) {
  const std::int64_t unit = 2 * static_cast<std::int64_t>(output);  // one source sample
  const std::int64_t begin = i * extent_halves;
  const std::int64_t end = begin + extent_halves;
  Span span{begin / unit, {}};
  for (std::int64_t k = span.first; k < source && k * unit < end; ++k) {
    const std::int64_t covered = std::min(end, (k + 1) * unit) - std::max(begin, k * unit);
    span.weights.push_back(static_cast<double>(covered) / static_cast<double>(extent_halves));
  }
  return span;
}

// Half-pixel centres: output i looks at (i + ½) × extent / output − ½.
Span bilinear_span(std::int64_t i, int source, std::int64_t extent_halves, int output) {
  const std::int64_t unit = 4 * static_cast<std::int64_t>(output);
  const std::int64_t position =
      std::max<std::int64_t>(0, (2 * i + 1) * extent_halves - 2 * static_cast<std::int64_t>(output));
  const std::int64_t first = position / unit;
  if (first >= source - 1) return {source - 1, {1.0}};
  const double fraction = static_cast<double>(position % unit) / static_cast<double>(unit);
  if (fraction == 0) return {first, {1.0}};
  return {first, {1.0 - fraction, fraction}};
}

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
  OC_CHECK(source > 0 && output > 0 && extent_halves > 0);
  const std::int64_t unit = 2 * static_cast<std::int64_t>(output);
  const bool area = filter == ResizeFilter::area && extent_halves >= unit;
  std::vector<Span> spans;
  spans.reserve(static_cast<std::size_t>(output));
  std::size_t taps = 1;
  for (int i = 0; i < output; ++i) {
    spans.push_back(area ? area_span(i, source, extent_halves, output)
                         : bilinear_span(i, source, extent_halves, output));
    taps = std::max(taps, spans.back().weights.size());
  }
  ResampleTable table;
  table.source = source;
  table.output = output;
  table.taps = static_cast<int>(taps);
  if (extent_halves % unit == 0) table.step = static_cast<int>(extent_halves / unit);
  table.equal_weights = taps == 1 || table.step > 0;  // bilinear: the middle sample, or half of each of the middle two
  table.stride = (spans.size() + kPadOutputs - 1) / kPadOutputs * kPadOutputs;
  table.start.assign(table.stride, static_cast<std::int32_t>(spans.back().first));
  table.count.assign(table.stride, 1);
  table.weights.assign(taps * table.stride, 0.F);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    table.start[i] = static_cast<std::int32_t>(spans[i].first);
    table.count[i] = static_cast<std::int32_t>(spans[i].weights.size());
    for (std::size_t t = 0; t < spans[i].weights.size(); ++t) {
      table.weights[t * table.stride + i] = static_cast<float>(spans[i].weights[t]);
    }
  }
  return table;
}

}  // namespace ocelli::vision::internal
