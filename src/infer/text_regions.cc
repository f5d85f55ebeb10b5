#include "infer/text_regions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace ocelli::infer {
namespace {

constexpr float kLeastSidePx = 3;       // of a region before it grows
constexpr float kLeastGrownSidePx = 5;  // and after

using Corners = std::array<vision::PixelPoint, 4>;

Corners corners_of(const cv::RotatedRect& rectangle) {
  std::array<cv::Point2f, 4> points;
  rectangle.points(points.data());
  Corners corners;
  std::transform(points.begin(), points.end(), corners.begin(),
                 [](cv::Point2f point) { return vision::PixelPoint{point.x, point.y}; });
  return corners;
}

/// 1 where there is text, widened by one pixel right and below, so that letters hang together.
cv::Mat text_mask(const cv::Mat& map, float threshold) {
  cv::Mat mask;
  cv::compare(map, threshold, mask, cv::CMP_GT);
  // Infinity is above every threshold, but no probability.
  cv::Mat finite;
  cv::compare(map, std::numeric_limits<float>::max(), finite, cv::CMP_LE);
  cv::bitwise_and(mask, finite, mask);
  cv::dilate(mask, mask, cv::Mat::ones(2, 2, CV_8UC1));
  return mask;
}

/// Mean of the map inside the rectangle, NaN where that is not a number.
float mean_inside(const cv::Mat& map, const vision::Quadrilateral& area) {
  const auto [left, right] = std::minmax({area.corners[0].x, area.corners[1].x, area.corners[2].x, area.corners[3].x});
  const auto [top, bottom] = std::minmax({area.corners[0].y, area.corners[1].y, area.corners[2].y, area.corners[3].y});
  const auto bound = [](float value, int limit) { return std::clamp(static_cast<int>(value), 0, limit - 1); };
  const cv::Point begin(bound(std::floor(left), map.cols), bound(std::floor(top), map.rows));
  const cv::Point end(bound(std::ceil(right), map.cols), bound(std::ceil(bottom), map.rows));
  const cv::Rect box(begin.x, begin.y, end.x - begin.x + 1, end.y - begin.y + 1);
  cv::Mat inside = cv::Mat::zeros(box.size(), CV_8UC1);
  std::array<cv::Point, 4> outline;
  std::transform(area.corners.begin(), area.corners.end(), outline.begin(), [&](vision::PixelPoint corner) {
    return cv::Point(static_cast<int>(corner.x - static_cast<float>(begin.x)),
                     static_cast<int>(corner.y - static_cast<float>(begin.y)));
  });
  cv::fillConvexPoly(inside, outline.data(), static_cast<int>(outline.size()), 1);
  return static_cast<float>(cv::mean(map(box), inside)[0]);
}

/// By d = area × growth / perimeter on every side.
cv::RotatedRect grown(cv::RotatedRect rectangle, float growth) {
  const float width = rectangle.size.width;
  const float height = rectangle.size.height;
  const float by = width * height * growth / (2 * (width + height));
  rectangle.size = {width + 2 * by, height + 2 * by};
  return rectangle;
}

}  // namespace

vision::Quadrilateral ordered(const std::array<vision::PixelPoint, 4>& corners) {
  Corners sorted = corners;
  std::stable_sort(sorted.begin(), sorted.end(), [](auto a, auto b) { return a.x < b.x; });
  if (sorted[1].y < sorted[0].y) std::swap(sorted[0], sorted[1]);
  if (sorted[3].y < sorted[2].y) std::swap(sorted[2], sorted[3]);
  return {{sorted[0], sorted[2], sorted[3], sorted[1]}};
}

base::Result<std::vector<TextRegion>> find_text(std::span<const float> map, int width, int height,
                                                const TextRegionThresholds& thresholds) {
  if (width < 1 || height < 1 || map.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
    return base::Error(base::Code::corrupt, "a text map of " + std::to_string(map.size()) + " values is not " +
                                                std::to_string(width) + "x" + std::to_string(height));
  }
  const cv::Mat values(height, width, CV_32FC1, const_cast<float*>(map.data()));
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(text_mask(values, thresholds.pixel), outlines, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
  std::vector<TextRegion> regions;
  for (std::size_t i = 0; i < std::min(outlines.size(), thresholds.most_regions); ++i) {
    const cv::RotatedRect rectangle = cv::minAreaRect(outlines[i]);
    if (std::min(rectangle.size.width, rectangle.size.height) < kLeastSidePx) continue;
    const float score = mean_inside(values, ordered(corners_of(rectangle)));
    if (!(std::isfinite(score) && score >= thresholds.region)) continue;
    const cv::RotatedRect whole = grown(rectangle, thresholds.growth);
    if (std::min(whole.size.width, whole.size.height) < kLeastGrownSidePx) continue;
    regions.push_back({ordered(corners_of(whole)), std::min(score, 1.F)});
  }
  return regions;
}

void sort_for_reading(std::vector<TextRegion>& regions, float step_px) {
  const auto top_left = [](const TextRegion& region) { return region.area.corners[0]; };
  std::stable_sort(regions.begin(), regions.end(),
                   [&](const auto& a, const auto& b) { return top_left(a).y < top_left(b).y; });
  for (auto begin = regions.begin(); begin != regions.end();) {
    auto end = begin + 1;
    while (end != regions.end() && top_left(*end).y - top_left(*(end - 1)).y < step_px) ++end;
    std::stable_sort(begin, end, [&](const auto& a, const auto& b) { return top_left(a).x < top_left(b).x; });
    begin = end;
  }
}

}  // namespace ocelli::infer
