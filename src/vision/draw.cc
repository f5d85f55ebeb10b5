#include "vision/draw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/internal/color_matrix.h"

// Shapes are rasterised once, as an 8-bit coverage mask at full size; Y is blended by it, U and V by its mean over 2×2
// pixels. So edges are smooth in brightness and colour alike and no colour bleeds out of a shape.

namespace ocelli::vision {
namespace {

constexpr int kFractionBits = 4;  // of the coordinates given to OpenCV's rasterisers
constexpr std::array<int, 3> kWhite{255, 255, 255};
constexpr std::array<int, 3> kBlack{0, 0, 0};

std::array<int, 3> levels_of(Color color) {
  return {color.red, color.green, color.blue};
}

std::array<double, 3> samples_of(const std::array<int, 3>& rgb, media::ColorSpec spec) {
  const internal::YuvSample sample = internal::rgb_to_yuv(rgb[0], rgb[1], rgb[2], spec);
  return {sample.y, sample.u, sample.v};
}

cv::Mat plane_of(media::FrameBuilder& picture, int index) {
  const media::PlaneSize size =
      media::plane_size(picture.info().format, index, picture.info().width, picture.info().height);
  return {size.height, size.width, CV_8UC1, picture.plane(index),
          static_cast<std::size_t>(picture.stride_bytes(index))};
}

void blend_plane(cv::Mat plane, const cv::Mat& mask, double sample, double opacity) {
  constexpr int kUnit = 1 << 8;
  const int level = static_cast<int>(std::lround(std::clamp(sample, 0.0, 255.0)));
  const int strength = static_cast<int>(std::lround(opacity * kUnit));
  for (int y = 0; y < plane.rows; ++y) {
    std::uint8_t* row = plane.ptr(y);
    const std::uint8_t* cover = mask.ptr(y);
    for (int x = 0; x < plane.cols; ++x) {
      const int alpha = cover[x] * strength;  // 0 … 255 × 256
      row[x] = static_cast<std::uint8_t>(row[x] + ((level - row[x]) * alpha + 255 * kUnit / 2) / (255 * kUnit));
    }
  }
}

/// The part of the picture that a shape may touch, beginning at even coordinates so that 2×2 pixels share a chroma
/// sample.
cv::Rect even_region(const media::FrameInfo& info, cv::Point2f low, cv::Point2f high) {
  const auto bound = [](float value, int limit) {
    return static_cast<int>(std::clamp(value, 0.F, static_cast<float>(limit)));
  };
  const int left = bound(std::floor(low.x), info.width) & ~1;
  const int top = bound(std::floor(low.y), info.height) & ~1;
  const int right = bound(std::ceil(high.x) + 1, info.width);
  const int bottom = bound(std::ceil(high.y) + 1, info.height);
  return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
}

void blend(media::FrameBuilder& picture, const cv::Rect& region, const cv::Mat& mask, const std::array<int, 3>& rgb,
           double opacity) {
  const auto samples = samples_of(rgb, picture.info().color);
  blend_plane(plane_of(picture, 0)(region), mask, samples[0], opacity);
  cv::Mat even;
  cv::copyMakeBorder(mask, even, 0, mask.rows & 1, 0, mask.cols & 1, cv::BORDER_REPLICATE);
  cv::Mat halved;
  cv::resize(even, halved, {even.cols / 2, even.rows / 2}, 0, 0, cv::INTER_AREA);
  const cv::Rect chroma(region.x / 2, region.y / 2, halved.cols, halved.rows);
  blend_plane(plane_of(picture, 1)(chroma), halved, samples[1], opacity);
  blend_plane(plane_of(picture, 2)(chroma), halved, samples[2], opacity);
}

// Fills whole pixels; all four numbers are even, so that chroma has the same edge.
void fill(media::FrameBuilder& picture, int left, int top, int right, int bottom, const std::array<int, 3>& rgb) {
  const auto samples = samples_of(rgb, picture.info().color);
  for (int p = 0; p < 3; ++p) {
    cv::Mat plane = plane_of(picture, p);
    const int halved = p == 0 ? 1 : 2;
    const cv::Rect inside = cv::Rect(left / halved, top / halved, (right - left) / halved, (bottom - top) / halved) &
                            cv::Rect(0, 0, plane.cols, plane.rows);
    if (!inside.empty()) plane(inside).setTo(samples[static_cast<std::size_t>(p)]);
  }
}

int even(double value) {
  return 2 * static_cast<int>(std::lround(value / 2));
}

// Far beyond any picture, yet safe in OpenCV's fixed-point coordinates. A comparison with NaN is false: it goes to 0.
float tame(float value) {
  constexpr float kFar = 65536;
  return value > -kFar ? std::min(value, kFar) : value <= -kFar ? -kFar : 0.F;
}

int line_width_px(const media::FrameInfo& info) {
  return std::max(2, even(info.height / 300.0));
}

struct Outline {
  std::vector<cv::Point2f> points;
  cv::Rect region;

  Outline(const media::FrameInfo& info, const std::vector<PixelPoint>& from, int margin_px) {
    cv::Point2f low(65536, 65536);
    cv::Point2f high(-65536, -65536);
    for (const PixelPoint& point : from) {
      const cv::Point2f p(tame(point.x), tame(point.y));
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
      points.push_back(p);
    }
    const cv::Point2f margin(static_cast<float>(margin_px), static_cast<float>(margin_px));
    region = even_region(info, low - margin, high + margin);
  }

  // In fixed point, relative to the region; OpenCV counts from pixel centres, we from the corner.
  std::vector<cv::Point> in_region() const {
    std::vector<cv::Point> fixed;
    for (const cv::Point2f& p : points) {
      fixed.emplace_back(
          static_cast<int>(std::lround((p.x - 0.5F - static_cast<float>(region.x)) * (1 << kFractionBits))),
          static_cast<int>(std::lround((p.y - 0.5F - static_cast<float>(region.y)) * (1 << kFractionBits))));
    }
    return fixed;
  }
};

/// Text of a height in pixels, rendered four times as large and averaged down: OpenCV's own smoothing of thin strokes
/// is hard to read at the sizes that small pictures need.
cv::Mat text_mask(const std::string& text, int height_px) {
  constexpr int kOversampling = 4;
  constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
  const int cap_height = height_px * kOversampling;
  const double scale = cap_height / 22.0;  // the font's capitals are 21 to 22 units high
  const int thickness = std::max(1, static_cast<int>(std::lround(cap_height * 0.14)));
  int baseline = 0;
  const cv::Size size = cv::getTextSize(text, kFont, scale, thickness, &baseline);
  const int descent = cap_height * 3 / 10 + thickness;
  const auto rounded_up = [](int length) { return (length + kOversampling - 1) / kOversampling * kOversampling; };
  cv::Mat large =
      cv::Mat::zeros(rounded_up(cap_height + thickness + descent), rounded_up(size.width + thickness), CV_8UC1);
  cv::putText(large, text, {thickness / 2, cap_height + thickness / 2}, kFont, scale, cv::Scalar(255), thickness,
              cv::LINE_AA);
  cv::Mat mask;
  cv::resize(large, mask, {large.cols / kOversampling, large.rows / kOversampling}, 0, 0, cv::INTER_AREA);
  return mask;
}

// The relative luminance (WCAG 2 uses the same weights) above which black reads better than white.
bool reads_better_black(Color background) {
  return 0.2126 * background.red + 0.7152 * background.green + 0.0722 * background.blue > 130;
}

// The font has printable ASCII only.
std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const bool continues_utf8 = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (!continues_utf8) shown += c >= ' ' && c <= '~' ? c : '?';
  }
  return shown;
}

}  // namespace

Color color_of(std::uint64_t identity) {
  // Steps of the golden angle never come back near a recent hue; two levels of brightness separate late neighbours.
  constexpr double kGoldenTurn = 0.61803398874989485;
  const double hue = std::fmod(static_cast<double>(identity % 1000003) * kGoldenTurn + 0.58, 1.0) * 6;
  const double value = identity % 2 == 0 ? 0.95 : 0.85;
  const double saturation = 0.72;
  const auto channel = [&](double shift) {
    const double k = std::fmod(shift + hue, 6.0);
    const double level = value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
    return static_cast<std::uint8_t>(std::lround(255 * level));
  };
  return {channel(5), channel(3), channel(1)};
}

base::Result<Canvas> Canvas::on(media::FrameBuilder& picture) {
  if (picture.info().format != media::PixelFormat::yuv420p) {
    return base::Error(base::Code::invalid, "drawing needs a yuv420p picture: convert it first");
  }
  return Canvas(picture);
}

void Canvas::box(const PixelBox& box, Color color) {
  const media::FrameInfo& info = picture_->info();
  const int width = line_width_px(info);
  const int left = even(tame(box.left));
  const int top = even(tame(box.top));
  const int right = std::max(even(tame(box.right())), left + 2);
  const int bottom = std::max(even(tame(box.bottom())), top + 2);
  const int across = std::min(width, right - left);
  const int down = std::min(width, bottom - top);
  const auto rgb = levels_of(color);
  fill(*picture_, left, top, right, top + down, rgb);
  fill(*picture_, left, bottom - down, right, bottom, rgb);
  fill(*picture_, left, top, left + across, bottom, rgb);
  fill(*picture_, right - across, top, right, bottom, rgb);
}

void Canvas::label(PixelPoint anchor, const std::string& text, Color background) {
  const media::FrameInfo& info = picture_->info();
  const std::string shown = printable(text);
  if (shown.empty()) return;
  const int cap_height = std::max(7, static_cast<int>(std::lround(info.height / 65.0)));
  const int padding = std::max(2, cap_height / 3);
  cv::Mat mask = text_mask(shown, cap_height);
  const int width = (mask.cols + 2 * padding + 1) & ~1;
  const int height = (mask.rows + 2 * padding - cap_height / 6) & ~1;
  const int left = std::clamp(even(tame(anchor.x)), 0, std::max(0, even(info.width - width - 1)));
  const int bottom = std::clamp(even(tame(anchor.y)), std::min(height, info.height), info.height) & ~1;
  const int top = std::max(0, bottom - height);
  fill(*picture_, left, top, left + width, top + height, levels_of(background));
  const cv::Rect whole(left, top, width, height);
  const cv::Rect region = whole & cv::Rect(0, 0, info.width, info.height);
  if (region.empty()) return;
  cv::Mat cover = cv::Mat::zeros(whole.size(), CV_8UC1);
  const cv::Rect place = cv::Rect(padding, padding, mask.cols, mask.rows) & cv::Rect(0, 0, cover.cols, cover.rows);
  mask(cv::Rect(0, 0, place.width, place.height)).copyTo(cover(place));
  blend(*picture_, region, cover(cv::Rect(0, 0, region.width, region.height)),
        reads_better_black(background) ? kBlack : kWhite, 1.0);
}

void Canvas::polyline(const std::vector<PixelPoint>& points, Color color, int thickness_px) {
  if (points.size() < 2) return;
  const int thickness = std::clamp(thickness_px, 1, 255);
  const Outline outline(picture_->info(), points, thickness + 1);
  if (outline.region.empty()) return;
  cv::Mat mask = cv::Mat::zeros(outline.region.size(), CV_8UC1);
  cv::polylines(mask, outline.in_region(), false, cv::Scalar(255), thickness, cv::LINE_AA, kFractionBits);
  blend(*picture_, outline.region, mask, levels_of(color), 1.0);
}

void Canvas::polygon(const std::vector<PixelPoint>& corners, Color color, float fill_opacity) {
  if (corners.size() < 3) return;
  const int thickness = line_width_px(picture_->info());
  const Outline outline(picture_->info(), corners, thickness + 1);
  if (outline.region.empty()) return;
  const std::vector<cv::Point> fixed = outline.in_region();
  const double opacity = std::clamp(static_cast<double>(fill_opacity), 0.0, 1.0);
  cv::Mat mask = cv::Mat::zeros(outline.region.size(), CV_8UC1);
  cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{fixed}, cv::Scalar(255), cv::LINE_AA, kFractionBits);
  blend(*picture_, outline.region, mask, levels_of(color), opacity);
  mask.setTo(0);
  cv::polylines(mask, fixed, true, cv::Scalar(255), thickness, cv::LINE_AA, kFractionBits);
  blend(*picture_, outline.region, mask, levels_of(color), 1.0);
}

}  // namespace ocelli::vision
