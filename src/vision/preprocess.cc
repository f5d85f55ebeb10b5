#include "vision/preprocess.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/check.h"
#include "vision/internal/color_matrix.h"
#include "vision/internal/preprocess_kernel.h"
#include "vision/internal/resample_table.h"

namespace ocelli::vision {
namespace {

using internal::ChannelMix;
using internal::Columns;
using internal::KernelJob;
using internal::KernelPlane;
using internal::make_resample_table;
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
  int width = 0;
  int height = 0;
  bool operator==(const Geometry&) const = default;
};

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
  explicit Impl(const InputSpec& wanted) : spec(wanted) {}

  void prepare(const Geometry& geometry);
  void prepare_plane(const Geometry& geometry, int index);
  void set_mix(media::ColorSpec color);
  float* scratch_row(std::size_t samples);

  InputSpec spec;
  std::optional<Geometry> prepared;
  const void* padded = nullptr;         // the memory whose padding fits `prepared`
  std::array<ResampleTable, 4> tables;  // columns and rows of luma or BGR, then of chroma
  std::array<double, 3> gains{};        // per plane: what turns the kernel's sums into means
  std::vector<std::vector<float>> scratch;
  std::vector<std::vector<std::uint16_t>> scratch_sums;
  float scale = 1;
  KernelJob job;
};

float* Preprocessor::Impl::scratch_row(std::size_t samples) {
  return scratch.emplace_back(samples + internal::kRowSlack, 0.F).data();
}

void Preprocessor::Impl::prepare(const Geometry& geometry) {
  job = KernelJob{};
  scratch.clear();
  scratch_sums.clear();
  job.box = Letterbox::fit(geometry.width, geometry.height, spec.width, spec.height, spec.anchor);
  job.element = spec.element;
  scale = spec.element == ElementType::uint8 ? 1.F : spec.scale;
  job.low = std::min(0.F, 255.F * scale);
  job.high = std::max(0.F, 255.F * scale);
  job.pad = static_cast<float>(spec.pad) * scale;
  job.is_yuv = geometry.format != media::PixelFormat::bgr24;
  job.plane_count = media::plane_count(geometry.format);
  for (int plane = 0; plane < job.plane_count; ++plane) prepare_plane(geometry, plane);
  prepared = geometry;
  padded = nullptr;
}

void Preprocessor::Impl::prepare_plane(const Geometry& geometry, int index) {
  const auto& [format, width, height] = geometry;
  const std::size_t p = static_cast<std::size_t>(index);
  const media::PlaneSize size = media::plane_size(format, index, width, height);
  const bool halved = index > 0;
  ResampleTable& horizontal = tables[halved ? 2 : 0];  // U and V share theirs: the kernel then takes both at once
  ResampleTable& vertical = tables[halved ? 3 : 1];
  horizontal = make_resample_table(size.width, extent_halves(width, halved), job.box.content_width, spec.filter);
  vertical = make_resample_table(size.height, extent_halves(height, halved), job.box.content_height, spec.filter);

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
    horizontal = make_resample_table(row_samples, 2 * row_samples, job.box.content_width, spec.filter);
  }
  if (plane.columns == Columns::triples) {
    plane.sums = scratch_sums.emplace_back(static_cast<std::size_t>(size.width) + internal::kRowSlack).data();
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
  const double luma_gain = gains[0] * static_cast<double>(scale);
  const double chroma_gain = gains[1] * static_cast<double>(scale);
  const auto mix = [&](double luma, double u, double v, double offset) {
    return ChannelMix{static_cast<float>(luma * luma_gain), static_cast<float>(u * chroma_gain),
                      static_cast<float>(v * chroma_gain), static_cast<float>(offset * static_cast<double>(scale))};
  };
  if (!job.is_yuv) {
    const float gain = static_cast<float>(luma_gain);
    job.mix = {ChannelMix{.third = gain}, ChannelMix{.second = gain}, ChannelMix{.first = gain}};
    return;
  }
  const internal::YuvToRgb m = internal::yuv_to_rgb(color);
  job.mix = {mix(m.luma, 0, m.red_v, m.red_offset), mix(m.luma, m.green_u, m.green_v, m.green_offset),
             mix(m.luma, m.blue_u, 0, m.blue_offset)};
}

Preprocessor::Preprocessor(const InputSpec& spec) : impl_(std::make_unique<Impl>(spec)) {
  OC_CHECK(spec.width > 0 && spec.height > 0);
}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;

const InputSpec& Preprocessor::spec() const {
  return impl_->spec;
}

std::size_t Preprocessor::output_bytes() const {
  return 3 * static_cast<std::size_t>(impl_->spec.width) * static_cast<std::size_t>(impl_->spec.height) *
         element_bytes(impl_->spec.element);
}

base::Result<Letterbox> Preprocessor::run(const media::Frame& frame, void* output, Padding padding) {
  const Geometry geometry{frame.info().format, frame.width(), frame.height()};
  if (geometry.width <= 0 || geometry.height <= 0) {
    return base::Error(base::Code::invalid, "a frame without pixels cannot be a model input: drop it");
  }
  Impl& impl = *impl_;
  if (impl.prepared != geometry) impl.prepare(geometry);
  KernelJob& job = impl.job;
  impl.set_mix(frame.info().color);
  for (int p = 0; p < job.plane_count; ++p) {
    KernelPlane& plane = job.planes[static_cast<std::size_t>(p)];
    plane.data = frame.plane(p).data;
    plane.stride_bytes = frame.plane(p).stride_bytes;
  }
  const std::size_t channel_bytes = output_bytes() / 3;
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t position = impl.spec.order == ChannelOrder::rgb ? c : 2 - c;
    job.channels[c] = static_cast<std::uint8_t*>(output) + position * channel_bytes;
  }
  job.writes_padding = padding == Padding::write || impl.padded != output;
  internal::run_kernel(job);
  impl.padded = output;
  return job.box;
}

std::string_view simd_target() {
  return internal::kernel_target();
}

}  // namespace ocelli::vision
