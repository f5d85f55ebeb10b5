#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <opencv2/core.hpp>

#include "vision/internal/region_check.h"
#include "vision/preprocess.h"

namespace ocelli::vision {
namespace {

struct Axis {
  int samples;    // in memory
  double extent;  // samples that the picture covers
  int outputs;
};

struct Component {
  media::PlaneView plane;
  int sample_bytes;
  int byte;
  Axis horizontal;
  Axis vertical;
};

// The share of source sample k in output i.
double weight_of(const Axis& axis, ResizeFilter filter, int i, int k) {
  const double ratio = axis.extent / axis.outputs;
  if (filter == ResizeFilter::area && ratio >= 1) {
    const double begin = i * ratio;
    const double covered = std::min<double>(begin + ratio, k + 1) - std::max<double>(begin, k);
    return std::max(0.0, covered) / ratio;
  }
  const double position = std::clamp((i + 0.5) * ratio - 0.5, 0.0, axis.samples - 1.0);
  return std::max(0.0, 1 - std::abs(position - k));
}

struct Reach {
  int first;
  int last;
};

// No sample outside has a weight.
Reach reach_of(const Axis& axis, int i) {
  const double ratio = axis.extent / axis.outputs;
  return {std::clamp(static_cast<int>(std::floor(i * ratio)) - 1, 0, axis.samples - 1),
          std::clamp(static_cast<int>(std::ceil((i + 1) * ratio)) + 1, 0, axis.samples - 1)};
}

double sample(const Component& component, ResizeFilter filter, int x, int y) {
  const Reach columns = reach_of(component.horizontal, x);
  const Reach rows = reach_of(component.vertical, y);
  double sum = 0;
  for (int row = rows.first; row <= rows.last; ++row) {
    const std::uint8_t* data = component.plane.data + row * component.plane.stride_bytes;
    const double row_weight = weight_of(component.vertical, filter, y, row);
    for (int column = columns.first; column <= columns.last; ++column) {
      sum += row_weight * weight_of(component.horizontal, filter, x, column) *
             data[column * component.sample_bytes + component.byte];
    }
  }
  return sum;
}

std::array<Component, 3> components_of(const media::Frame& frame, const Letterbox& box) {
  const media::PixelFormat format = frame.info().format;
  const PixelRegion& source = box.source;
  std::array<Component, 3> components;
  std::size_t next = 0;
  for (int p = 0; p < media::plane_count(format); ++p) {
    const media::PlaneSize size = media::plane_size(format, p, source.width, source.height);
    const double pixels_per_sample = p == 0 ? 1 : 2;
    const int sample_bytes = media::sample_bytes(format, p);
    media::PlaneView plane = frame.plane(p);
    plane.data += source.top / (p == 0 ? 1 : 2) * plane.stride_bytes;
    plane.data += source.left / (p == 0 ? 1 : 2) * sample_bytes;
    for (int byte = 0; byte < sample_bytes; ++byte) {
      components[next++] = {.plane = plane,
                            .sample_bytes = sample_bytes,
                            .byte = byte,
                            .horizontal = {size.width, source.width / pixels_per_sample, box.content_width},
                            .vertical = {size.height, source.height / pixels_per_sample, box.content_height}};
    }
  }
  return components;
}

// R, G, B by the definitions of the standards: undo the quantisation, then Y' = Kr R + Kg G + Kb B and the scaled
// differences B − Y' and R − Y'.
std::array<double, 3> to_rgb(const std::array<double, 3>& yuv, media::ColorSpec color) {
  const bool limited = color.range == media::ColorRange::limited;
  const double kr = color.matrix == media::ColorMatrix::bt709 ? 0.2126 : 0.299;
  const double kb = color.matrix == media::ColorMatrix::bt709 ? 0.0722 : 0.114;
  const double luma = limited ? (yuv[0] - 16) / 219 : yuv[0] / 255;
  const double cb = (yuv[1] - 128) / (limited ? 224 : 255);
  const double cr = (yuv[2] - 128) / (limited ? 224 : 255);
  const double red = luma + 2 * (1 - kr) * cr;
  const double blue = luma + 2 * (1 - kb) * cb;
  const double green = (luma - kr * red - kb * blue) / (1 - kr - kb);
  return {std::clamp(red, 0.0, 1.0) * 255, std::clamp(green, 0.0, 1.0) * 255, std::clamp(blue, 0.0, 1.0) * 255};
}

void store(const InputSpec& spec, double level, std::size_t position, std::size_t index, void* output) {
  const double scaled = (level * spec.scale - spec.mean[position]) / spec.deviation[position];
  switch (spec.element) {
    case ElementType::float32:
      static_cast<float*>(output)[index] = static_cast<float>(scaled);
      return;
    case ElementType::float16: {
      const cv::float16_t half(static_cast<float>(scaled));
      std::memcpy(static_cast<std::uint8_t*>(output) + 2 * index, &half, 2);
      return;
    }
    case ElementType::uint8:
      static_cast<std::uint8_t*>(output)[index] = static_cast<std::uint8_t>(std::lround(level));
  }
}

void store_pixel(const InputSpec& spec, const std::array<double, 3>& rgb, int x, int y, void* output) {
  const auto width = static_cast<std::size_t>(spec.width);
  const std::size_t pixel = static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x);
  const std::size_t pixels = width * static_cast<std::size_t>(spec.height);
  const bool planar = spec.layout == TensorLayout::planar;
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t position = spec.order == ChannelOrder::rgb ? c : 2 - c;
    store(spec, rgb[c], position, planar ? position * pixels + pixel : 3 * pixel + position, output);
  }
}

}  // namespace

base::Result<Letterbox> preprocess_reference(const media::Frame& frame, const PixelRegion& region,
                                             const InputSpec& spec, void* output) {
  OC_TRY_STATUS(internal::check_region(frame, region));
  const Letterbox box = Letterbox::fit(region, spec.width, spec.height, spec.fit);
  const std::array<Component, 3> components = components_of(frame, box);
  for (int y = 0; y < spec.height; ++y) {
    for (int x = 0; x < spec.width; ++x) {
      std::array<double, 3> rgb{};
      rgb.fill(spec.pad);
      const int column = x - box.content_left;
      const int row = y - box.content_top;
      if (column >= 0 && column < box.content_width && row >= 0 && row < box.content_height) {
        std::array<double, 3> values{};
        for (std::size_t c = 0; c < 3; ++c) values[c] = sample(components[c], spec.filter, column, row);
        rgb = frame.info().format == media::PixelFormat::bgr24 ? std::array<double, 3>{values[2], values[1], values[0]}
                                                               : to_rgb(values, frame.info().color);
      }
      store_pixel(spec, rgb, x, y, output);
    }
  }
  return box;
}

}  // namespace ocelli::vision
