#include "media/internal/clock_alignment.h"

#include <algorithm>

#include "media/internal/stamp_detector.h"

namespace ocelli::media::internal {

namespace {

// At the 200 ppm of a poor crystal, 5 s let the minimum drift by 1 ms.
constexpr std::int64_t kBucket = 5'000'000'000;
// The loop takes away a twentieth of the distance per second, at most 500 ppm: far below what makes an interval wrong.
constexpr std::int64_t kFollowTime = 20'000'000'000;
constexpr std::int64_t kSlowest = 2'000;  // 1 / 500 ppm

}  // namespace

std::int64_t ClockAlignment::to_aligned(std::int64_t stamp) const {
  return saturated_sum(stamp, offset_);
}

void ClockAlignment::step(std::int64_t by) {
  offset_ = saturated_sum(offset_, by);
}

void ClockAlignment::observe(std::int64_t aligned, std::int64_t arrival) {
  const std::int64_t transit = saturated_difference(arrival, aligned);
  if (arrival >= bucket_end_ || reference_ == kUnknown) {
    if (reference_ == kUnknown || (previous_minimum_ == kUnknown && arrival < kBucket)) {
      reference_ = transit;
    }
    previous_minimum_ = current_minimum_;
    current_minimum_ = kUnknown;
    bucket_end_ = arrival + kBucket;
  }
  current_minimum_ = std::min(current_minimum_, transit);
  if (previous_minimum_ == kUnknown) reference_ = std::min(reference_, transit);  // still the first seconds
  follow_drift(arrival);
}

void ClockAlignment::follow_drift(std::int64_t arrival) {
  const std::int64_t elapsed = std::clamp<std::int64_t>(arrival - last_arrival_, 0, 1'000'000'000);
  last_arrival_ = arrival;
  if (previous_minimum_ == kUnknown || elapsed == 0) return;
  const std::int64_t distance = saturated_difference(std::min(previous_minimum_, current_minimum_), reference_);
  const std::int64_t most = elapsed / kSlowest;
  const double share = static_cast<double>(elapsed) / static_cast<double>(kFollowTime);
  const auto wanted = static_cast<double>(distance) * share;
  const auto by = static_cast<std::int64_t>(std::clamp(wanted, -static_cast<double>(most), static_cast<double>(most)));
  offset_ = saturated_sum(offset_, by);
  previous_minimum_ = saturated_difference(previous_minimum_, by);
  current_minimum_ = saturated_difference(current_minimum_, by);
}

bool ClockAlignment::is_ahead(std::int64_t aligned, std::int64_t arrival, std::int64_t tolerance) const {
  const std::int64_t minimum = std::min(previous_minimum_, current_minimum_);
  if (minimum == kUnknown) return false;
  return saturated_difference(arrival, aligned) < saturated_difference(minimum, tolerance);
}

std::int64_t ClockAlignment::latest_capture(std::int64_t arrival, std::int64_t fallback) const {
  const std::int64_t minimum = std::min(previous_minimum_, current_minimum_);
  return minimum == kUnknown ? fallback : saturated_difference(arrival, minimum);
}

}  // namespace ocelli::media::internal
