// Fused preprocessing against the usual chain: swscale to BGR at source size, OpenCV INTER_AREA to the letterbox,
// copyMakeBorder, convertTo float × 1/255, split into planes. One thread each, interleaved in one run, medians.
//
//   preprocess_bench [rounds]     (default 41)

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

extern "C" {
#include <libswscale/swscale.h>
}

#include "media/frame.h"
#include "vision/preprocess.h"

namespace {

using ocelli::media::FrameBuilder;
using ocelli::media::FramePtr;
using ocelli::media::PixelFormat;
using ocelli::media::PlaneSize;
using ocelli::vision::InputSpec;
using ocelli::vision::Letterbox;
using ocelli::vision::Preprocessor;

constexpr std::size_t kTensorAlignment = 64;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Tensor = std::unique_ptr<float, Free>;

Tensor make_tensor(std::size_t bytes) {
  return Tensor(static_cast<float*>(std::aligned_alloc(kTensorAlignment, bytes)));
}

// Slow waves with a fine texture on top: like a picture, it has both smooth areas and detail.
FramePtr make_frame(int width, int height, int phase) {
  ocelli::media::FrameInfo info;
  info.width = width;
  info.height = height;
  FrameBuilder builder = *FrameBuilder::create(info);
  for (int p = 0; p < 3; ++p) {
    const PlaneSize size = ocelli::media::plane_size(PixelFormat::yuv420p, p, width, height);
    for (int y = 0; y < size.height; ++y) {
      std::uint8_t* row = builder.plane(p) + y * builder.stride_bytes(p);
      for (int x = 0; x < size.width; ++x) {
        const double wave = 40 * std::sin((x + phase) * 0.013 * (p + 1)) + 40 * std::cos(y * 0.017);
        const double texture = p == 0 ? ((x * 7 + y * 13 + phase) % 31) - 15 : 0;
        row[x] = static_cast<std::uint8_t>(126 + wave + texture);
      }
    }
  }
  return std::move(builder).freeze();
}

/// The chain that the fused kernel replaces. Buffers are kept between frames, as a careful user would.
class UsualChain {
 public:
  UsualChain(int width, int height, const InputSpec& spec)
      : spec_(spec),
        context_(sws_getContext(width, height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_BGR24, SWS_BILINEAR,
                                nullptr, nullptr, nullptr)),
        bgr_(height, width, CV_8UC3),
        box_(Letterbox::fit(width, height, spec.width, spec.height, spec.anchor)) {}
  ~UsualChain() { sws_freeContext(context_); }
  UsualChain(const UsualChain&) = delete;
  UsualChain& operator=(const UsualChain&) = delete;

  void run(const ocelli::media::Frame& frame, float* output) {
    const std::uint8_t* planes[4] = {frame.plane(0).data, frame.plane(1).data, frame.plane(2).data, nullptr};
    const int strides[4] = {static_cast<int>(frame.plane(0).stride_bytes),
                            static_cast<int>(frame.plane(1).stride_bytes),
                            static_cast<int>(frame.plane(2).stride_bytes), 0};
    std::uint8_t* targets[4] = {bgr_.data, nullptr, nullptr, nullptr};
    const int target_strides[4] = {static_cast<int>(bgr_.step), 0, 0, 0};
    sws_scale(context_, planes, strides, 0, frame.height(), targets, target_strides);
    cv::resize(bgr_, small_, cv::Size(box_.content_width, box_.content_height), 0, 0, cv::INTER_AREA);
    const int below = spec_.height - box_.content_height - box_.content_top;
    const int right = spec_.width - box_.content_width - box_.content_left;
    cv::copyMakeBorder(small_, boxed_, box_.content_top, below, box_.content_left, right, cv::BORDER_CONSTANT,
                       cv::Scalar::all(spec_.pad));
    boxed_.convertTo(floats_, CV_32FC3, spec_.scale);
    const std::ptrdiff_t channel = static_cast<std::ptrdiff_t>(spec_.width) * spec_.height;
    cv::Mat channels[3] = {cv::Mat(spec_.height, spec_.width, CV_32FC1, output + 2 * channel),
                           cv::Mat(spec_.height, spec_.width, CV_32FC1, output + channel),
                           cv::Mat(spec_.height, spec_.width, CV_32FC1, output)};
    cv::split(floats_, channels);
  }

 private:
  InputSpec spec_;
  SwsContext* context_;
  cv::Mat bgr_;
  Letterbox box_;
  cv::Mat small_;
  cv::Mat boxed_;
  cv::Mat floats_;
};

// Sums the planes eight bytes at a time: what one read of the picture costs at least.
std::uint64_t read_planes(const ocelli::media::Frame& frame) {
  std::uint64_t sum = 0;
  for (int p = 0; p < 3; ++p) {
    const PlaneSize size = ocelli::media::plane_size(PixelFormat::yuv420p, p, frame.width(), frame.height());
    for (int y = 0; y < size.height; ++y) {
      const auto* words = reinterpret_cast<const std::uint64_t*>(frame.plane(p).data + y * frame.plane(p).stride_bytes);
      std::uint64_t lanes[8] = {};
      const int count = size.width / 8;
      int x = 0;
      for (; x + 8 <= count; x += 8) {
        for (int lane = 0; lane < 8; ++lane) lanes[lane] += words[x + lane];
      }
      for (const std::uint64_t lane : lanes) sum += lane;
    }
  }
  return sum;
}

template <class Work>
double milliseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void measure(int width, int height, int rounds) {
  const InputSpec spec;
  Preprocessor fused(spec);
  UsualChain usual(width, height, spec);
  Tensor fused_tensor = make_tensor(fused.output_bytes());
  Tensor usual_tensor = make_tensor(fused.output_bytes());
  // Several frames in turn, as a decoder delivers them.
  std::vector<FramePtr> frames;
  for (int i = 0; i < 8; ++i) frames.push_back(make_frame(width, height, 37 * i));

  std::vector<double> fused_ms;
  std::vector<double> usual_ms;
  std::vector<double> read_ms;
  std::uint64_t sum = 0;
  for (int round = -3; round < rounds; ++round) {
    const std::size_t turn = static_cast<std::size_t>(round + 3);
    const double a = milliseconds([&] { (void)fused.run(*frames[turn % 8], fused_tensor.get()); });
    const double b = milliseconds([&] { usual.run(*frames[(turn + 3) % 8], usual_tensor.get()); });
    const double c = milliseconds([&] { sum += read_planes(*frames[(turn + 6) % 8]); });
    if (round < 0) continue;
    fused_ms.push_back(a);
    usual_ms.push_back(b);
    read_ms.push_back(c);
  }
  (void)fused.run(*frames[0], fused_tensor.get());
  usual.run(*frames[0], usual_tensor.get());
  const std::size_t values = fused.output_bytes() / sizeof(float);
  double difference = 0;
  for (std::size_t i = 0; i < values; ++i) {
    difference += std::abs(static_cast<double>(fused_tensor.get()[i]) - static_cast<double>(usual_tensor.get()[i]));
  }
  std::printf("%4dx%-5d %9.3f %9.3f %7.1fx %9.3f %14.3f%s\n", width, height, median(fused_ms), median(usual_ms),
              median(usual_ms) / median(fused_ms), median(read_ms), difference * 255 / static_cast<double>(values),
              sum == 0 ? " " : "");
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 41;
  cv::setNumThreads(1);
  const std::string target(ocelli::vision::simd_target());
  std::printf("yuv420p -> 640x640 float32, letterboxed, area-averaged; one thread, %s, medians of %d\n", target.c_str(),
              rounds);
  std::printf("%-10s %9s %9s %8s %9s %14s\n", "source", "fused ms", "usual ms", "ratio", "read ms", "differ, levels");
  measure(768, 576, rounds);
  measure(1280, 720, rounds);
  measure(1920, 1080, rounds);
  measure(3840, 2160, rounds);
}
