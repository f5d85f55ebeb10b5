// Fused preprocessing against the usual chain: swscale to BGR at source size, OpenCV resize (INTER_AREA or
// INTER_LINEAR, as the filter) to the letterbox, copyMakeBorder, convertTo float × 1/255, split into planes. One thread
// each, interleaved in one run, medians. `fused` is as infer::Detector does it, who lets the padding be that is already
// in its tensor; `afresh` writes the padding each time, as the usual chain does.
//
//   preprocess_bench [ROUNDS] [CLIP or PHOTO …]     (41; without a path: synthetic pictures of four sizes)
//
// The second table says why the two differ. From the fused result to the usual chain's one thing changes at a time, and
// each column is the mean absolute change, in levels of 0…255 over the picture without its padding:
//   chroma   repeated to full size instead of resampled straight to the canvas (0 where it only shrinks)
//   clip     colours clipped before they are averaged, not after
//   round    to 8 bits at source size
//   again    to 8 bits after the resize: a quarter of a level, 0 where nothing is scaled
//   swscale  what is left: its own fixed-point arithmetic instead of exact coefficients
// `exact` is the difference from the same chain with an exact conversion in the place of swscale's, the first four
// steps at once; `bias` is by how much swscale's is darker than that on average: about a level, SWS_ACCURATE_RND or
// not. All but the last step are computed in float32 with OpenCV, which shares no code with the kernel.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

extern "C" {
#include <libswscale/swscale.h>
}

#include "base/clock.h"
#include "media/decoder.h"
#include "media/frame.h"
#include "media/source.h"
#include "vision/preprocess.h"

namespace {

namespace base = ocelli::base;
namespace media = ocelli::media;
using ocelli::media::FrameBuilder;
using ocelli::media::FramePtr;
using ocelli::media::PixelFormat;
using ocelli::media::PlaneSize;
using ocelli::vision::InputSpec;
using ocelli::vision::Letterbox;
using ocelli::vision::PaddingMark;
using ocelli::vision::Preprocessor;
using ocelli::vision::ResizeFilter;

constexpr std::size_t kTensorAlignment = 64;
constexpr std::size_t kFrames = 8;  // in turn, as a decoder delivers them

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
  UsualChain(int width, int height, media::ColorSpec color, const InputSpec& spec)
      : spec_(spec),
        context_(sws_getContext(width, height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_BGR24, SWS_BILINEAR,
                                nullptr, nullptr, nullptr)),
        bgr_(height, width, CV_8UC3),
        box_(Letterbox::fit(width, height, spec.width, spec.height, spec.fit)) {
    const int* table = sws_getCoefficients(color.matrix == media::ColorMatrix::bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    sws_setColorspaceDetails(context_, table, color.range == media::ColorRange::full ? 1 : 0, table, 1, 0, 1 << 16,
                             1 << 16);
  }
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
    cv::resize(bgr_, small_, cv::Size(box_.content_width, box_.content_height), 0, 0,
               spec_.filter == ResizeFilter::area ? cv::INTER_AREA : cv::INTER_LINEAR);
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

using Planes = std::array<cv::Mat, 3>;  // R, G, B; float32, levels

// With chroma repeated to full size; neither clipped nor rounded.
Planes float_rgb(const media::Frame& frame) {
  const cv::Size size(frame.width(), frame.height());
  const auto plane = [&](int p) {
    const PlaneSize samples = media::plane_size(PixelFormat::yuv420p, p, size.width, size.height);
    const cv::Mat bytes(samples.height, samples.width, CV_8UC1, const_cast<std::uint8_t*>(frame.plane(p).data),
                        static_cast<std::size_t>(frame.plane(p).stride_bytes));
    cv::Mat floats;
    bytes.convertTo(floats, CV_32F);
    if (p == 0) return floats;
    cv::Mat repeated;
    cv::resize(floats, repeated, {2 * samples.width, 2 * samples.height}, 0, 0, cv::INTER_NEAREST);
    return cv::Mat(repeated, cv::Rect({0, 0}, size)).clone();
  };
  const bool full = frame.info().color.range == media::ColorRange::full;
  const bool hd = frame.info().color.matrix == media::ColorMatrix::bt709;
  const double red = hd ? 0.2126 : 0.299;
  const double blue = hd ? 0.0722 : 0.114;
  const double green = 1 - red - blue;
  const cv::Mat y = full ? plane(0) : cv::Mat((plane(0) - 16) * (255.0 / 219));
  const cv::Mat u = (plane(1) - 128) * (full ? 1 : 255.0 / 224);
  const cv::Mat v = (plane(2) - 128) * (full ? 1 : 255.0 / 224);
  return {y + 2 * (1 - red) * v, y - (2 * blue * (1 - blue) / green) * u - (2 * red * (1 - red) / green) * v,
          y + 2 * (1 - blue) * u};
}

template <class Change>
Planes each(const Planes& planes, const Change& change) {
  return {change(planes[0]), change(planes[1]), change(planes[2])};
}

cv::Mat clipped(const cv::Mat& plane) {
  return cv::max(cv::min(plane, 255.0), 0.0);
}

cv::Mat rounded(const cv::Mat& plane) {
  cv::Mat bytes;
  plane.convertTo(bytes, CV_8U);
  cv::Mat floats;
  bytes.convertTo(floats, CV_32F);
  return floats;
}

// The picture in a tensor, without its padding.
Planes content(float* tensor, const InputSpec& spec, const Letterbox& box) {
  const auto channel = [&](int c) {
    const cv::Mat canvas(spec.height, spec.width, CV_32FC1,
                         tensor + static_cast<std::ptrdiff_t>(c) * spec.width * spec.height);
    return cv::Mat(canvas(cv::Rect(box.content_left, box.content_top, box.content_width, box.content_height)) /
                   static_cast<double>(spec.scale));
  };
  return {channel(0), channel(1), channel(2)};
}

double mean_difference(const Planes& a, const Planes& b) {
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += cv::norm(a[c], b[c], cv::NORM_L1);
  return sum / (3.0 * static_cast<double>(a[0].total()));
}

/// Mean absolute changes in levels, as the head of this file lists them.
struct Difference {
  double all = 0;
  double exact = 0;
  std::array<double, 5> steps{};
  double bias = 0;
};

Difference explain(const media::Frame& frame, const Planes& fused, const Planes& usual) {
  const auto shrink = [&](const cv::Mat& plane) {
    cv::Mat small;
    cv::resize(plane, small, fused[0].size(), 0, 0, cv::INTER_AREA);
    return small;
  };
  const Planes rgb = float_rgb(frame);
  const Planes rgb_clipped = each(rgb, clipped);
  const Planes rgb_rounded = each(rgb_clipped, rounded);
  const std::array<Planes, 6> path{fused,
                                   each(each(rgb, shrink), clipped),
                                   each(rgb_clipped, shrink),
                                   each(rgb_rounded, shrink),
                                   each(each(rgb_rounded, shrink), rounded),
                                   usual};
  Difference difference{.all = mean_difference(fused, usual), .exact = mean_difference(fused, path[4])};
  for (std::size_t i = 0; i < difference.steps.size(); ++i) {
    difference.steps[i] = mean_difference(path[i], path[i + 1]);
  }
  for (std::size_t c = 0; c < 3; ++c) difference.bias += (cv::mean(path[4][c])[0] - cv::mean(usual[c])[0]) / 3;
  return difference;
}

struct Times {
  double fused_ms, afresh_ms, usual_ms, read_ms;
};

Times measure(const std::vector<FramePtr>& frames, const InputSpec& spec, int rounds) {
  const media::Frame& first = *frames.front();
  Preprocessor fused(spec);
  Preprocessor afresh(spec);
  UsualChain usual(first.width(), first.height(), first.info().color, spec);
  const Tensor fused_tensor = make_tensor(fused.output_bytes());
  const Tensor afresh_tensor = make_tensor(fused.output_bytes());
  const Tensor usual_tensor = make_tensor(fused.output_bytes());
  PaddingMark mark;
  std::array<std::vector<double>, 4> ms;
  std::uint64_t sum = 0;
  for (int round = -3; round < rounds; ++round) {
    const auto frame = [&](int ahead) -> const media::Frame& {
      return *frames[static_cast<std::size_t>(round + 3 + ahead) % frames.size()];
    };
    const std::array<double, 4> once = {milliseconds([&] { (void)fused.run(frame(0), fused_tensor.get(), &mark); }),
                                        milliseconds([&] { (void)afresh.run(frame(2), afresh_tensor.get()); }),
                                        milliseconds([&] { usual.run(frame(4), usual_tensor.get()); }),
                                        milliseconds([&] { sum += read_planes(frame(6)); })};
    if (round < 0) continue;
    for (std::size_t i = 0; i < once.size(); ++i) ms[i].push_back(once[i]);
  }
  if (sum == 0) std::printf("the pictures are black\n");
  return {median(ms[0]), median(ms[1]), median(ms[2]), median(ms[3])};
}

Difference compare(const media::Frame& frame) {
  const InputSpec spec;
  Preprocessor fused(spec);
  UsualChain usual(frame.width(), frame.height(), frame.info().color, spec);
  const Tensor fused_tensor = make_tensor(fused.output_bytes());
  const Tensor usual_tensor = make_tensor(fused.output_bytes());
  const Letterbox box = *fused.run(frame, fused_tensor.get());
  usual.run(frame, usual_tensor.get());
  return explain(frame, content(fused_tensor.get(), spec, box), content(usual_tensor.get(), spec, box));
}

std::vector<FramePtr> synthetic_frames(int width, int height) {
  std::vector<FramePtr> frames;
  for (int i = 0; i < static_cast<int>(kFrames); ++i) frames.push_back(make_frame(width, height, 37 * i));
  return frames;
}

// The first frames of a clip; a photo is a clip of one.
base::Result<std::vector<FramePtr>> decoded_frames(const std::string& path) {
  base::SystemClock clock;
  media::FramePool pool(2 * kFrames);
  OC_TRY(const auto source, media::Source::open({path}, clock, {}));
  OC_TRY(const auto decoder, media::Decoder::create(*source, {}, pool, clock, {}));
  std::vector<FramePtr> frames;
  for (bool more = true; more && frames.size() < kFrames;) {
    const auto packet = source->read();
    more = packet.has_value();
    OC_TRY_STATUS(more ? decoder->send(*packet) : decoder->drain());
    while (frames.size() < kFrames) {
      auto frame = decoder->receive();
      if (!frame) break;
      frames.push_back(std::move(*frame));
    }
  }
  if (frames.empty()) return base::Error(base::Code::invalid, path + " holds no picture: name another clip or photo");
  if (frames.front()->info().format != PixelFormat::yuv420p) {
    return base::Error(base::Code::unsupported, path + " does not decode to yuv420p: name another clip or photo");
  }
  return frames;
}

base::Result<std::vector<std::vector<FramePtr>>> sources(std::span<char*> paths) {
  std::vector<std::vector<FramePtr>> all;
  for (const char* path : paths) {
    OC_TRY(auto frames, decoded_frames(path));
    all.push_back(std::move(frames));
  }
  if (!all.empty()) return all;
  for (const auto& [width, height] : {std::pair{768, 576}, {1280, 720}, {1920, 1080}, {3840, 2160}}) {
    all.push_back(synthetic_frames(width, height));
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::span<char*> arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  int rounds = 41;
  if (!arguments.empty() && std::atoi(arguments.front()) > 0) {
    rounds = std::atoi(arguments.front());
    arguments = arguments.subspan(1);
  }
  const auto all = sources(arguments);
  if (!all) {
    std::fprintf(stderr, "preprocess_bench: %s\n", all.error().message().c_str());
    return 1;
  }
  cv::setNumThreads(1);
  const std::string target(ocelli::vision::simd_target());
  std::printf("yuv420p -> 640x640 float32, letterboxed; one thread, %s, medians of %d\n", target.c_str(), rounds);
  std::printf("%-10s %-9s %9s %10s %9s %9s %8s %8s\n", "source", "filter", "fused ms", "afresh ms", "usual ms",
              "read ms", "ratio", "afresh");
  for (const auto& [filter, name] : {std::pair{ResizeFilter::area, "area"}, {ResizeFilter::bilinear, "bilinear"}}) {
    InputSpec spec;
    spec.filter = filter;
    for (const std::vector<FramePtr>& frames : *all) {
      const Times t = measure(frames, spec, rounds);
      std::printf("%4dx%-5d %-9s %9.3f %10.3f %9.3f %9.3f %7.1fx %7.1fx\n", frames[0]->width(), frames[0]->height(),
                  name, t.fused_ms, t.afresh_ms, t.usual_ms, t.read_ms, t.usual_ms / t.fused_ms,
                  t.usual_ms / t.afresh_ms);
    }
  }
  std::printf(
      "\nmean absolute difference of the two with area-averaging, levels, and what one step after the other changes\n");
  std::printf("%-10s %8s %8s %8s %8s %8s %8s %8s %8s\n", "source", "all", "exact", "chroma", "clip", "round", "again",
              "swscale", "bias");
  for (const std::vector<FramePtr>& frames : *all) {
    const Difference d = compare(*frames.front());
    std::printf("%4dx%-5d %8.3f %8.3f", frames[0]->width(), frames[0]->height(), d.all, d.exact);
    for (const double step : d.steps) std::printf(" %8.3f", step);
    std::printf(" %8.3f\n", d.bias);
  }
}
