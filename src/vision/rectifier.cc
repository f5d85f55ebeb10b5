#include "vision/rectifier.h"

#include <array>
#include <string>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/image_operations.h"

namespace ocelli::vision {
namespace {

using base::Code;
using base::Error;

constexpr float kMostSidePx = 16384;

cv::Mat matrix_of(media::FrameBuilder& picture) {
  return {picture.info().height, picture.info().width, CV_8UC3, picture.plane(0),
          static_cast<std::size_t>(picture.stride_bytes(0))};
}

/// OpenCV has no read-only view; the frame is only read.
cv::Mat matrix_of(const media::Frame& frame) {
  return {frame.height(), frame.width(), CV_8UC3, const_cast<std::uint8_t*>(frame.plane(0).data),
          static_cast<std::size_t>(frame.plane(0).stride_bytes)};
}

base::Result<media::FrameBuilder> bgr_like(media::FrameInfo info, int width, int height) {
  info.format = media::PixelFormat::bgr24;
  info.width = width;
  info.height = height;
  return media::FrameBuilder::create(info);
}

}  // namespace

base::Status Rectifier::load(const media::Frame& frame) {
  OC_TRY(picture_, copy_to_bgr(frame));
  return {};
}

base::Result<media::FramePtr> Rectifier::cut(const Quadrilateral& area) const {
  const float width = area.width();
  const float height = area.height();
  if (!area.finite() || !(width >= 1 && width <= kMostSidePx && height >= 1 && height <= kMostSidePx)) {
    return Error(Code::invalid, "a quadrilateral needs finite corners and sides of 1 to 16384 pixels");
  }
  OC_TRY(auto builder, bgr_like(picture_->info(), static_cast<int>(width), static_cast<int>(height)));
  const auto right = static_cast<float>(builder.info().width);
  const auto bottom = static_cast<float>(builder.info().height);
  std::array<cv::Point2f, 4> from;
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = {area.corners[i].x, area.corners[i].y};
  const std::array<cv::Point2f, 4> to{{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}};
  const cv::Mat source = matrix_of(*picture_);
  cv::Mat target = matrix_of(builder);
  try {
    cv::warpPerspective(source, target, cv::getPerspectiveTransform(from.data(), to.data()), target.size(),
                        cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  } catch (const cv::Exception& error) {
    return Error(Code::invalid, std::string("a quadrilateral cannot be cut out: ") + error.what());
  }
  return std::move(builder).freeze();
}

base::Result<media::FramePtr> turned(const media::Frame& frame, Turn turn) {
  if (frame.info().format != media::PixelFormat::bgr24 || frame.plane(0).stride_bytes < 0) {
    return Error(Code::unsupported, "only bgr24 with its first row on top can be turned: see copy_to_bgr()");
  }
  const bool half = turn == Turn::half;
  OC_TRY(auto builder,
         bgr_like(frame.info(), half ? frame.width() : frame.height(), half ? frame.height() : frame.width()));
  const cv::Mat source = matrix_of(frame);
  cv::Mat target = matrix_of(builder);
  cv::rotate(source, target, half ? cv::ROTATE_180 : cv::ROTATE_90_COUNTERCLOCKWISE);
  return std::move(builder).freeze();
}

}  // namespace ocelli::vision
