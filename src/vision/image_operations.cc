#include "vision/image_operations.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include <hwy/aligned_allocator.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/preprocess.h"

namespace ocelli::vision {
namespace {

using base::Code;
using base::Error;
using base::Result;
using media::Frame;
using media::FrameBuilder;
using media::FramePtr;

constexpr int kMostSidePx = 16384;
constexpr int kMostRadiusPx = 100;

bool is_side(int pixels) {
  return pixels >= 1 && pixels <= kMostSidePx;
}

Error wrong_size(double width, double height) {
  return {Code::invalid, "a picture of " + std::to_string(width) + " x " + std::to_string(height) +
                             " pixels cannot be made: each side must be 1 to " + std::to_string(kMostSidePx)};
}

base::Status check_format(const Frame& frame) {
  if (frame.width() <= 0 || frame.height() <= 0) return Error(Code::invalid, "a frame without pixels: drop it");
  if (frame.info().format == media::PixelFormat::bgr24) return {};
  return Error(Code::unsupported, "this image operation wants a bgr24 frame: make one with copy_to_bgr()");
}

Result<FrameBuilder> new_frame(const Frame& like, int width, int height) {
  media::FrameInfo info = like.info();
  info.format = media::PixelFormat::bgr24;
  info.width = width;
  info.height = height;
  return FrameBuilder::create(info);
}

// OpenCV has no read-only matrix over foreign memory. Rows from the bottom up, which it has not either, are copied.
cv::Mat view_of(const Frame& frame) {
  const media::PlaneView& plane = frame.plane(0);
  if (plane.stride_bytes > 0) {
    return {frame.height(), frame.width(), CV_8UC3, const_cast<std::uint8_t*>(plane.data),
            static_cast<std::size_t>(plane.stride_bytes)};
  }
  cv::Mat copy(frame.height(), frame.width(), CV_8UC3);
  for (int y = 0; y < frame.height(); ++y) {
    std::memcpy(copy.ptr(y), plane.data + y * plane.stride_bytes, 3 * static_cast<std::size_t>(frame.width()));
  }
  return copy;
}

/// `work` reads the frame and fills a picture of the given size. No exception of OpenCV's leaves.
Result<FramePtr> make(const Frame& frame, int width, int height,
                      const std::function<void(const cv::Mat& from, cv::Mat& to)>& work) {
  OC_TRY(auto builder, new_frame(frame, width, height));
  try {
    cv::Mat to(height, width, CV_8UC3, builder.plane(0), static_cast<std::size_t>(builder.stride_bytes(0)));
    const std::uint8_t* const memory = to.data;
    work(view_of(frame), to);
    if (to.data != memory) return Error(Code::internal, "OpenCV wrote a picture of another size");
  } catch (const cv::Exception& exception) {
    return Error(Code::internal, "OpenCV: " + exception.err);
  }
  return std::move(builder).freeze();
}

int interpolation(ResampleFilter filter, bool shrinks) {
  switch (filter) {
    case ResampleFilter::nearest:
      return cv::INTER_NEAREST_EXACT;
    case ResampleFilter::bilinear:
      return cv::INTER_LINEAR;
    case ResampleFilter::bicubic:
      return cv::INTER_CUBIC;
    case ResampleFilter::area:
      return shrinks ? cv::INTER_AREA : cv::INTER_LINEAR;
    case ResampleFilter::lanczos:
      return cv::INTER_LANCZOS4;
  }
  return cv::INTER_LINEAR;
}

int operation_of(Morphology operation) {
  switch (operation) {
    case Morphology::erode:
      return cv::MORPH_ERODE;
    case Morphology::dilate:
      return cv::MORPH_DILATE;
    case Morphology::open:
      return cv::MORPH_OPEN;
    case Morphology::close:
      return cv::MORPH_CLOSE;
  }
  return cv::MORPH_ERODE;
}

bool reaches(Neighbourhood shape, int x, int y, int radius) {
  switch (shape) {
    case Neighbourhood::square:
      return true;
    case Neighbourhood::cross:
      return x == 0 || y == 0;
    case Neighbourhood::disc:
      return x * x + y * y <= radius * radius;
  }
  return true;
}

cv::Mat element_of(Neighbourhood shape, int radius) {
  cv::Mat element(2 * radius + 1, 2 * radius + 1, CV_8U);
  for (int y = -radius; y <= radius; ++y) {
    for (int x = -radius; x <= radius; ++x) {
      element.at<std::uint8_t>(y + radius, x + radius) = reaches(shape, x, y, radius) ? 1 : 0;
    }
  }
  return element;
}

}  // namespace

Result<FramePtr> copy_to_bgr(const Frame& frame) {
  InputSpec spec;
  spec.width = frame.width();
  spec.height = frame.height();
  if (!is_side(spec.width) || !is_side(spec.height)) return wrong_size(spec.width, spec.height);
  spec.element = ElementType::uint8;
  spec.order = ChannelOrder::bgr;
  spec.layout = TensorLayout::interleaved;
  spec.fit = Fit::stretch;
  Preprocessor converter(spec);
  const auto pixels = hwy::AllocateAligned<std::uint8_t>(converter.output_bytes());
  if (!pixels) return Error(Code::exhausted, "out of memory for a picture");
  OC_TRY([[maybe_unused]] const auto letterbox, converter.run(frame, pixels.get()));
  OC_TRY(auto builder, new_frame(frame, spec.width, spec.height));
  const std::size_t row_bytes = 3 * static_cast<std::size_t>(spec.width);
  for (int y = 0; y < spec.height; ++y) {
    std::memcpy(builder.plane(0) + y * builder.stride_bytes(0), pixels.get() + static_cast<std::size_t>(y) * row_bytes,
                row_bytes);
  }
  return std::move(builder).freeze();
}

Result<FramePtr> resize(const Frame& frame, int width, int height, ResampleFilter filter) {
  OC_TRY_STATUS(check_format(frame));
  if (!is_side(width) || !is_side(height)) return wrong_size(width, height);
  const bool shrinks = width <= frame.width() && height <= frame.height();
  return make(frame, width, height, [&](const cv::Mat& from, cv::Mat& to) {
    cv::resize(from, to, to.size(), 0, 0, interpolation(filter, shrinks));
  });
}

Result<FramePtr> crop(const Frame& frame, const PixelRegion& region) {
  OC_TRY_STATUS(check_format(frame));
  const bool inside = region.left >= 0 && region.top >= 0 && region.width <= frame.width() - region.left &&
                      region.height <= frame.height() - region.top;
  if (region.empty() || !inside) return Error(Code::invalid, "the region to be cut out does not lie in the frame");
  return make(frame, region.width, region.height, [&](const cv::Mat& from, cv::Mat& to) {
    from(cv::Rect(region.left, region.top, region.width, region.height)).copyTo(to);
  });
}

Result<FramePtr> crop(const Frame& frame, const RotatedBox& box) {
  OC_TRY_STATUS(check_format(frame));
  const bool finite = std::isfinite(box.center.x) && std::isfinite(box.center.y) && std::isfinite(box.angle_rad);
  if (!finite || !(box.width >= 0.5F && box.height >= 0.5F) ||
      !(box.width <= kMostSidePx && box.height <= kMostSidePx)) {
    return wrong_size(static_cast<double>(box.width), static_cast<double>(box.height));
  }
  const int width = static_cast<int>(std::lround(box.width));
  const int height = static_cast<int>(std::lround(box.height));
  const double along_x = std::cos(static_cast<double>(box.angle_rad));
  const double along_y = std::sin(static_cast<double>(box.angle_rad));
  // From the middle of a pixel of the result to the place in the frame, both counted from the middle of the first
  // pixel.
  const double x = (1 - width) / 2.0;
  const double y = (1 - height) / 2.0;
  const cv::Matx23d map(along_x, -along_y, static_cast<double>(box.center.x) - 0.5 + along_x * x - along_y * y, along_y,
                        along_x, static_cast<double>(box.center.y) - 0.5 + along_y * x + along_x * y);
  return make(frame, width, height, [&](const cv::Mat& from, cv::Mat& to) {
    cv::warpAffine(from, to, map, to.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  });
}

Result<FramePtr> morph(const Frame& frame, Morphology operation, Neighbourhood shape, int radius_px) {
  OC_TRY_STATUS(check_format(frame));
  if (radius_px < 1 || radius_px > kMostRadiusPx) {
    return Error(Code::invalid, "a neighbourhood must reach 1 to " + std::to_string(kMostRadiusPx) + " pixels, not " +
                                    std::to_string(radius_px));
  }
  return make(frame, frame.width(), frame.height(), [&](const cv::Mat& from, cv::Mat& to) {
    cv::morphologyEx(from, to, operation_of(operation), element_of(shape, radius_px));
  });
}

}  // namespace ocelli::vision
