#include "vision/preprocess.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "vision/internal/color_matrix.h"
#include "vision/internal/preprocess_kernel.h"
#include "vision/internal/resample_table.h"

namespace ocelli::vision {
namespace {

using internal::ChannelMix;
using internal::KernelJob;
using internal::KernelPlane;
using internal::ResampleTable;

std::size_t element_bytes(ElementType element) {
  switch (element) {
    case ElementType::float32: return 4;
    case ElementType::float16: return 2;
    case ElementType::uint8: return 1;
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

// An even or odd picture axis in halves of a sample: chroma samples span two pixels, so an axis of w pixels covers w/2.
std::int64_t extent_halves(int pixels, bool halved) { return halved ? pixels : 2 * static_cast<std::int64_t>(pixels); }

}  // namespace

/// Tables and scratch rows for one frame geometry, and the job that points at them.
struct Preprocessor::Impl {
  explicit Impl(const InputSpec& wanted) : spec(wanted) {}

  void prepare(const Geometry& geometry);
  void set_color(media::ColorSpec color);
  float* scratch_row(std::size_t samples);

  InputSpec spec;
  std::optional<Geometry> prepared;
  std::array<ResampleTable, 4> tables;  // luma (or BGR) columns, rows; chroma columns, rows
  std::vector<std::vector<float>> scratch;
  KernelJob job;
};

float* Preprocessor::Impl::scratch_row(std::size_t samples) {
  return scratch.emplace_back(samples + internal::kRowSlack, 0.F).data();
}

void Preprocessor::Impl::prepare(const Geometry& geometry) {
  const auto& [format, width, height] = geometry;
  job = KernelJob{};
  scratch.clear();
  job.box = Letterbox::fit(width, height, spec.width, spec.height, spec.anchor);
  job.element = spec.element;
  job.scale = spec.element == ElementType::uint8 ? 1.F : spec.scale;
  job.low = std::min(0.F, 255.F * job.scale);
  job.high = std::max(0.F, 255.F * job.scale);
  job.pad = static_cast<float>(spec.pad) * job.scale;
  job.is_yuv = format != media::PixelFormat::bgr24;
  job.plane_count = media::plane_count(format);
  std::size_t component = 0;
  for (int p = 0; p < job.plane_count; ++p) {
    const bool halved = p > 0;
    const media::PlaneSize size = media::plane_size(format, p, width, height);
    ResampleTable& horizontal = tables[halved ? 2 : 0];
    ResampleTable& vertical = tables[halved ? 3 : 1];
    if (p < 2) {  // U and V share theirs
      horizontal = internal::make_resample_table(size.width, extent_halves(width, halved), job.box.content_width,
                                                 spec.filter);
      vertical = internal::make_resample_table(size.height, extent_halves(height, halved), job.box.content_height,
                                               spec.filter);
    }
    KernelPlane& plane = job.planes[static_cast<std::size_t>(p)];
    plane.samples = size.width;
    plane.components = media::sample_bytes(format, p);
    plane.horizontal = &horizontal;
    plane.vertical = &vertical;
    const std::size_t samples = static_cast<std::size_t>(size.width);
    const std::size_t taps = static_cast<std::size_t>(horizontal.taps);
    if (plane.components > 1) plane.interleaved = scratch_row(samples * static_cast<std::size_t>(plane.components));
    for (std::size_t c = 0; c < static_cast<std::size_t>(plane.components); ++c) {
      plane.gathered[c] = scratch_row(samples + taps);
      plane.resampled[c] = horizontal.is_identity() ? plane.gathered[c] : scratch_row(horizontal.stride);
      job.components[component++] = plane.resampled[c];
    }
  }
  prepared = geometry;
}

void Preprocessor::Impl::set_color(media::ColorSpec color) {
  const internal::YuvToRgb m = internal::yuv_to_rgb(color);
  const auto mix = [scale = static_cast<double>(job.scale)](double luma, double u, double v, double offset) {
    return ChannelMix{static_cast<float>(luma * scale), static_cast<float>(u * scale), static_cast<float>(v * scale),
                      static_cast<float>(offset * scale)};
  };
  job.mix = {mix(m.luma, 0, m.red_v, m.red_offset), mix(m.luma, m.green_u, m.green_v, m.green_offset),
             mix(m.luma, m.blue_u, 0, m.blue_offset)};
}

Preprocessor::Preprocessor(const InputSpec& spec) : impl_(std::make_unique<Impl>(spec)) {
  OC_CHECK(spec.width > 0 && spec.height > 0);
}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;

const InputSpec& Preprocessor::spec() const { return impl_->spec; }

std::size_t Preprocessor::output_bytes() const {
  return 3 * static_cast<std::size_t>(impl_->spec.width) * static_cast<std::size_t>(impl_->spec.height) *
         element_bytes(impl_->spec.element);
}

base::Result<Letterbox> Preprocessor::run(const media::Frame& frame, void* output) {
  const Geometry geometry{frame.info().format, frame.width(), frame.height()};
  if (geometry.width <= 0 || geometry.height <= 0) {
    return base::Error(base::Code::invalid, "a frame without pixels cannot be a model input: drop it");
  }
  Impl& impl = *impl_;
  if (impl.prepared != geometry) impl.prepare(geometry);
  KernelJob& job = impl.job;
  if (job.is_yuv) impl.set_color(frame.info().color);
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
  internal::run_kernel(job);
  return job.box;
}

std::string_view simd_target() { return internal::kernel_target(); }

}  // namespace ocelli::vision
