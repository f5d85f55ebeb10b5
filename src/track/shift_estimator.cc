#include "track/shift_estimator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ocelli::track {
namespace {

constexpr std::size_t kMinObjects = 3;
/// A median that is no larger than this many of its own standard errors (about median deviation / √n) is chance.
constexpr float kSignificance = 3;
/// Share of the surprise that may remain. Measured on mot17val, mot15 and dance: 0.75 to 0.9 are alike.
constexpr double kMaxRemainder = 0.8;
constexpr double kMemorySeconds = 1;

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The median, or 0 where chance explains it.
float significant_median(std::vector<float>& values) {
  const float common = median(values);
  for (auto& value : values) value = std::abs(value - common);
  const float error = median(values) / std::sqrt(static_cast<float>(values.size()));
  return std::abs(common) < kSignificance * error ? 0 : common;
}

}  // namespace

vision::PixelPoint ShiftEstimator::shift_px(std::span<const Surprise> surprises, double dt_s) {
  if (surprises.size() < kMinObjects) return {};
  vision::PixelPoint shift;
  for (float vision::PixelPoint::* axis : {&vision::PixelPoint::x, &vision::PixelPoint::y}) {
    scratch_.clear();
    for (const auto& surprise : surprises) scratch_.push_back(surprise.offset_px.*axis);
    shift.*axis = significant_median(scratch_);
  }
  return explains_enough(surprises, shift, dt_s) ? shift : vision::PixelPoint{};
}

bool ShiftEstimator::explains_enough(std::span<const Surprise> surprises, vision::PixelPoint shift, double dt_s) {
  double all = 0;
  double rest = 0;
  for (const auto& [offset, height] : surprises) {
    all += std::hypot(offset.x, offset.y) / height;
    rest += std::hypot(offset.x - shift.x, offset.y - shift.y) / height;
  }
  const double share = (1 - std::exp(-dt_s / kMemorySeconds)) / static_cast<double>(surprises.size());
  const double kept = std::exp(-dt_s / kMemorySeconds);
  surprise_ = kept * surprise_ + share * all;
  remainder_ = kept * remainder_ + share * rest;
  return remainder_ <= kMaxRemainder * surprise_;
}

}  // namespace ocelli::track
