#include "events/trail.h"

#include <chrono>

namespace ocelli::events {
namespace {

constexpr std::chrono::milliseconds kLength{1'000};
constexpr std::chrono::milliseconds kShortest{500};
/// Who was hidden for longer may have been anywhere.
constexpr std::chrono::seconds kLongestGap{3};

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Trail::add(media::MediaTime time, Anchor place) {
  if (!places_.empty() && time - places_.back().time > kLongestGap) places_.clear();
  places_.push_back({time, place});
  // Two are kept at any rate, so that slow streams have a speed, too.
  while (places_.size() > 2 && time - places_.front().time > kLength) places_.pop_front();
}

std::optional<Anchor> Trail::velocity() const {
  if (places_.empty() || places_.back().time - places_.front().time < kShortest) return std::nullopt;
  const auto first = places_.front().time;
  const auto count = static_cast<double>(places_.size());
  double mean_s = 0;
  Anchor mean;
  for (const auto& place : places_) {
    mean_s += seconds(place.time - first) / count;
    mean.x += place.at.x / count;
    mean.y += place.at.y / count;
  }
  double spread = 0;
  Anchor slope;
  for (const auto& place : places_) {
    const double since_mean_s = seconds(place.time - first) - mean_s;
    spread += since_mean_s * since_mean_s;
    slope.x += since_mean_s * (place.at.x - mean.x);
    slope.y += since_mean_s * (place.at.y - mean.y);
  }
  return Anchor{slope.x / spread, slope.y / spread};
}

}  // namespace ocelli::events
