// The fused kernel against a path that shares no code with it: OpenCV's colour conversion, resize and border.
//
// They differ, by less than a level on average, because that path
//  - rounds to 8 bits after the colour conversion and again after the resize (a quarter of a level each on average),
//  - clips before it averages, we after,
//  - repeats chroma samples to full size before it resizes; where the chroma grows, we interpolate between them.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/preprocess.h"
#include "vision/testing/synthetic_frame.h"

namespace ocelli::vision {
namespace {

cv::Mat to_rgb(const media::Frame& frame) {
  const int width = frame.width();
  const int height = frame.height();
  const auto plane = [&](int index, int plane_width, int plane_height, int type) {
    return cv::Mat(plane_height, plane_width, type, const_cast<std::uint8_t*>(frame.plane(index).data),
                   static_cast<std::size_t>(frame.plane(index).stride_bytes));
  };
  cv::Mat rgb;
  switch (frame.info().format) {
    case media::PixelFormat::bgr24:
      cv::cvtColor(plane(0, width, height, CV_8UC3), rgb, cv::COLOR_BGR2RGB);
      break;
    case media::PixelFormat::nv12:
      cv::cvtColorTwoPlane(plane(0, width, height, CV_8UC1), plane(1, width / 2, height / 2, CV_8UC2), rgb,
                           cv::COLOR_YUV2RGB_NV12);
      break;
    case media::PixelFormat::yuv420p: {
      cv::Mat packed(height * 3 / 2, width, CV_8UC1);
      plane(0, width, height, CV_8UC1).copyTo(packed.rowRange(0, height));
      std::uint8_t* chroma = packed.ptr(height);
      for (int p = 1; p < 3; ++p) {
        plane(p, width / 2, height / 2, CV_8UC1).copyTo(cv::Mat(height / 2, width / 2, CV_8UC1, chroma));
        chroma += static_cast<std::ptrdiff_t>(width / 2) * (height / 2);
      }
      cv::cvtColor(packed, rgb, cv::COLOR_YUV2RGB_I420);
    }
  }
  return rgb;
}

double mean_difference(const media::Frame& frame, const InputSpec& spec) {
  Preprocessor preprocessor(spec);
  std::vector<float> output(preprocessor.output_bytes() / sizeof(float) + 16);
  float* aligned = output.data();
  while (reinterpret_cast<std::uintptr_t>(aligned) % 64 != 0) ++aligned;
  const Letterbox box = *preprocessor.run(frame, aligned);
  cv::Mat small;
  cv::resize(to_rgb(frame), small, {box.content_width, box.content_height}, 0, 0,
             spec.filter == ResizeFilter::area && box.scale_x < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Mat canvas(spec.height, spec.width, CV_8UC3, cv::Scalar::all(spec.pad));
  small.copyTo(canvas(cv::Rect(box.content_left, box.content_top, box.content_width, box.content_height)));
  double sum = 0;
  for (int y = 0; y < spec.height; ++y) {
    for (int x = 0; x < spec.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double ours = static_cast<double>(aligned[(c * spec.height + y) * spec.width + x]);
        sum += std::abs(ours - canvas.at<cv::Vec3b>(y, x)[c]);
      }
    }
  }
  return sum / (3.0 * box.content_width * box.content_height);
}

struct Size {
  int width;
  int height;
};

TEST(Preprocessor, DiffersFromOpenCvByLessThanALevel) {
  InputSpec spec;
  spec.scale = 1;
  spec.width = spec.height = 320;
  for (const auto format : {media::PixelFormat::yuv420p, media::PixelFormat::nv12, media::PixelFormat::bgr24}) {
    for (const auto filter : {ResizeFilter::area, ResizeFilter::bilinear}) {
      for (const Size size : {Size{960, 540}, Size{640, 360}, Size{384, 288}, Size{500, 374}, Size{176, 144}}) {
        media::FrameInfo info;
        info.format = format;
        info.width = size.width;
        info.height = size.height;
        spec.filter = filter;
        const double difference = mean_difference(*testing::scene_frame(info, 7), spec);
        EXPECT_LE(difference, 1.0) << size.width << "x" << size.height << ", format " << static_cast<int>(format)
                                   << ", filter " << static_cast<int>(filter);
      }
    }
  }
}

}  // namespace
}  // namespace ocelli::vision
