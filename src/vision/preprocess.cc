#include "vision/preprocess.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "vision/internal/color_matrix.h"
#include "vision/internal/preprocess_kernel.h"
#include "vision/internal/region_check.h"
#include "vision/internal/resample_table.h"

namespace ocelli::vision {
namespace {

using internal::ChannelMix;
using internal::Columns;
using internal::KernelJob;
using internal::KernelPlane;
using internal::remake_resample_table;
using internal::ResampleTable;

constexpr int kMostRowsIn16Bits = 257;  // × 255 = 65535

std::size_t element_bytes(ElementType element) {
  switch (element) {
    case ElementType::float32:
      return 4;
    case ElementType::float16:
      return 2;
    case ElementType::uint8:
      return 1;
  }
  return 0;
}

/// What the tables depend on.
struct Geometry {
  media::PixelFormat format = media::PixelFormat::yuv420p;
  int width = 0;  // of the part of the picture that is seen
  int height = 0;
  bool operator==(const Geometry&) const = default;
};

// Where R, G or B (0, 1, 2) lies among the tensor's channels.
std::size_t position_of(std::size_t channel, ChannelOrder order) {
  return order == ChannelOrder::rgb ? channel : 2 - channel;
}

/// A way to keep columns: one for every `step`, the sum of `summed` of them.
struct ColumnChoice {
  Columns columns = Columns::all;
  int step = 1;
  int summed = 1;
};

ColumnChoice choose_columns(const ResampleTable& horizontal, const ResampleTable& vertical) {
  const int step = horizontal.step;
  if (step < 2) return {};
  if (horizontal.taps == step) {  // a mean of all
    if (step % 2 == 0) return {Columns::pairs, 2, 2};
    return step % 3 == 0 && 3 * vertical.taps <= kMostRowsIn16Bits ? ColumnChoice{Columns::triples, 3, 3}
                                                                   : ColumnChoice{};
  }
  if (step == 4) return {Columns::middle_two_of_four, 4, 2};
  if (step == 6) return {Columns::middle_two_of_six, 6, 2};
  if (step % 2 == 1 && step % 3 == 0) return {Columns::middle_of_three, 3, 1};
  return {};
}

// An even or odd picture axis in halves of a sample: chroma samples span two pixels, so an axis of w pixels covers w/2.
std::int64_t extent_halves(int pixels, bool halved) {
  return halved ? pixels : 2 * static_cast<std::int64_t>(pixels);
}

}  // namespace

/// Tables and scratch rows for one frame geometry, and the job that points at them.
struct Preprocessor::Impl {
  void use(const InputSpec& wanted);
  void prepare(const Geometry& geometry, const Letterbox& box);
  void prepare_plane(const Geometry& geometry, int index);
  void set_mix(media::ColorSpec color);
  float* scratch_row(std::size_t samples);

  InputSpec spec;
  std::optional<Geometry> prepared;
  std::array<ResampleTable, 4> tables;  // columns and rows of luma or BGR, then of chroma
  std::array<double, 3> gains{};        // per plane: what turns the kernel's sums into means
  std::vector<std::vector<float>> scratch;
  std::size_t scratch_used = 0;
  std::array<std::vector<std::uint16_t>, 3> scratch_sums;  // per plane
  std::vector<std::uint8_t> scratch_canvas_row;            // of an interleaved tensor
  std::array<double, 3> channel_gains{};                   // of R, G, B: output = level × gain + offset
  std::array<double, 3> channel_offsets{};
  KernelJob job;
};

void Preprocessor::Impl::use(const InputSpec& wanted) {
  OC_CHECK(wanted.width > 0 && wanted.height > 0);
  spec = wanted;
  prepared.reset();
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t position = position_of(c, spec.order);
    const bool raw = spec.element == ElementType::uint8;
    const double deviation = raw ? 1.0 : static_cast<double>(spec.deviation[position]);
    channel_gains[c] = (raw ? 1.0 : static_cast<double>(spec.scale)) / deviation;
    channel_offsets[c] = raw ? 0.0 : -static_cast<double>(spec.mean[position]) / deviation;
  }
  if (spec.layout == TensorLayout::interleaved) {
    scratch_canvas_row.resize(3 * static_cast<std::size_t>(spec.width) * element_bytes(spec.element));
  }
}

float* Preprocessor::Impl::scratch_row(std::size_t samples) {
  if (scratch_used == scratch.size()) scratch.emplace_back();
  std::vector<float>& row = scratch[scratch_used++];
  row.assign(samples + internal::kRowSlack, 0.F);
  return row.data();
}

void Preprocessor::Impl::prepare(const Geometry& geometry, const Letterbox& box) {
  job = KernelJob{};
  scratch_used = 0;
  job.box = box;
  job.element = spec.element;
  job.order = spec.order;
  for (std::size_t c = 0; c < 3; ++c) {
    const auto level = [&](double pixel) { return static_cast<float>(pixel * channel_gains[c] + channel_offsets[c]); };
    job.low[c] = std::min(level(0), level(255));
    job.high[c] = std::max(level(0), level(255));
    job.pad[c] = level(spec.pad);
  }
  job.is_yuv = geometry.format != media::PixelFormat::bgr24;
  job.plane_count = media::plane_count(geometry.format);
  for (int plane = 0; plane < job.plane_count; ++plane) prepare_plane(geometry, plane);
  prepared = geometry;
}

void Preprocessor::Impl::prepare_plane(const Geometry& geometry, int index) {
  const auto& [format, width, height] = geometry;
  const std::size_t p = static_cast<std::size_t>(index);
  const media::PlaneSize size = media::plane_size(format, index, width, height);
  const bool halved = index > 0;
  ResampleTable& horizontal = tables[halved ? 2 : 0];  // U and V share theirs: the kernel then takes both at once
  ResampleTable& vertical = tables[halved ? 3 : 1];
  remake_resample_table(horizontal, size.width, extent_halves(width, halved), job.box.content_width, spec.filter);
  remake_resample_table(vertical, size.height, extent_halves(height, halved), job.box.content_height, spec.filter);

  KernelPlane& plane = job.planes[p];
  plane.samples = size.width;
  plane.components = media::sample_bytes(format, index);
  plane.sums_rows = vertical.equal_weights && vertical.taps <= kMostRowsIn16Bits;
  gains[p] = plane.sums_rows ? 1.0 / vertical.taps : 1.0;
  const bool can_choose = plane.sums_rows && plane.components == 1;
  const ColumnChoice choice = can_choose ? choose_columns(horizontal, vertical) : ColumnChoice{};
  plane.columns = choice.columns;
  const int row_samples = size.width / choice.step;
  if (choice.step > 1) {
    gains[p] /= choice.summed;
    remake_resample_table(horizontal, row_samples, 2 * row_samples, job.box.content_width, spec.filter);
  }
  if (plane.columns == Columns::triples) {
    scratch_sums[p].assign(static_cast<std::size_t>(size.width) + internal::kRowSlack, 0);
    plane.sums = scratch_sums[p].data();
  }
  plane.horizontal = &horizontal;
  plane.vertical = &vertical;

  const std::size_t components = static_cast<std::size_t>(plane.components);
  const std::size_t samples = static_cast<std::size_t>(row_samples);
  if (components > 1) plane.interleaved = scratch_row(samples * components);
  for (std::size_t c = 0; c < components; ++c) {
    plane.gathered[c] = scratch_row(samples + static_cast<std::size_t>(horizontal.taps));
    plane.resampled[c] = horizontal.is_identity() ? plane.gathered[c] : scratch_row(horizontal.stride);
    job.components[p == 0 ? c : p + c] = plane.resampled[c];
  }
}

void Preprocessor::Impl::set_mix(media::ColorSpec color) {
  // first, second, third: what a level of the channel takes of the components' means.
  const auto mix = [&](std::size_t c, double first, double second, double third, double offset) {
    const double gain = channel_gains[c];
    return ChannelMix{static_cast<float>(first * (gains[0] * gain)),
                      static_cast<float>(second * (gains[job.is_yuv ? 1 : 0] * gain)),
                      static_cast<float>(third * (gains[job.is_yuv ? 1 : 0] * gain)),
                      static_cast<float>(offset * gain + channel_offsets[c])};
  };
  if (!job.is_yuv) {
    job.mix = {mix(0, 0, 0, 1, 0), mix(1, 0, 1, 0, 0), mix(2, 1, 0, 0, 0)};
    return;
  }
  const internal::YuvToRgb m = internal::yuv_to_rgb(color);
  job.mix = {mix(0, m.luma, 0, m.red_v, m.red_offset), mix(1, m.luma, m.green_u, m.green_v, m.green_offset),
             mix(2, m.luma, m.blue_u, 0, m.blue_offset)};
}

Preprocessor::Preprocessor(const InputSpec& spec) : impl_(std::make_unique<Impl>()) {
  impl_->use(spec);
}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;

const InputSpec& Preprocessor::spec() const {
  return impl_->spec;
}

void Preprocessor::change(const InputSpec& spec) {
  if (spec != impl_->spec) impl_->use(spec);
}

std::size_t Preprocessor::output_bytes() const {
  return 3 * static_cast<std::size_t>(impl_->spec.width) * static_cast<std::size_t>(impl_->spec.height) *
         element_bytes(impl_->spec.element);
}

base::Result<Letterbox> Preprocessor::run(const media::Frame& frame, void* output, PaddingMark* mark) {
  return run(frame, PixelRegion{0, 0, frame.width(), frame.height()}, output, mark);
}

base::Result<Letterbox> Preprocessor::run(const media::Frame& frame, const PixelRegion& region, void* output,
                                          PaddingMark* mark) {
  OC_TRY_STATUS(internal::check_region(frame, region));
  Impl& impl = *impl_;
  const Letterbox box = Letterbox::fit(region, impl.spec.width, impl.spec.height, impl.spec.fit);
  const Geometry geometry{frame.info().format, box.source.width, box.source.height};
  if (impl.prepared != geometry) impl.prepare(geometry, box);
  KernelJob& job = impl.job;
  job.box = box;
  impl.set_mix(frame.info().color);
  for (int p = 0; p < job.plane_count; ++p) {
    KernelPlane& plane = job.planes[static_cast<std::size_t>(p)];
    const media::PlaneView& view = frame.plane(p);
    const int pixels_per_sample = p == 0 ? 1 : 2;
    plane.data = view.data + box.source.top / pixels_per_sample * view.stride_bytes +
                 static_cast<std::ptrdiff_t>(box.source.left / pixels_per_sample) * plane.components;
    plane.stride_bytes = view.stride_bytes;
  }
  auto* const bytes = static_cast<std::uint8_t*>(output);
  const bool planar = impl.spec.layout == TensorLayout::planar;
  job.interleaved = planar ? nullptr : bytes;
  for (std::size_t c = 0; c < 3; ++c) {
    job.channels[c] = planar ? bytes + position_of(c, impl.spec.order) * (output_bytes() / 3)
                             : impl.scratch_canvas_row.data() + c * impl.scratch_canvas_row.size() / 3;
  }
  const PaddingMark::Drawn drawn{impl.spec, box.content_left, box.content_top, box.content_width, box.content_height};
  job.writes_padding = mark == nullptr || mark->drawn_ != drawn;
  internal::run_kernel(job);
  if (mark != nullptr) mark->drawn_ = drawn;
  return job.box;
}

std::string_view simd_target() {
  return internal::kernel_target();
}

}  // namespace ocelli::vision
