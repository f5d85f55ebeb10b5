#include "track/target.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

namespace ocelli::track {
namespace {

/// Three frames at 30 a second (OC-SORT's Δt), with room for rounded times.
constexpr std::chrono::milliseconds kDirectionAge{95};
constexpr double kQualitySeconds = 1;
/// What 99 % of the true pairs stay below: χ² of two degrees of freedom.
constexpr double kMaxGroundDistance = 9.21;

}  // namespace

Target::Target(const infer::Detection& detection, media::MediaTime time) : filter_(detection.box) {
  track_.first_seen = time;
  track_.first_box = detection.box;
  track_.score = detection.score;
  count(detection, time);
}

void Target::predict(double dt_s) {
  filter_.predict(dt_s);
  if (ground_filter_) ground_filter_->predict(dt_s);
  seen_now_ = false;
  step_s_ = dt_s;
}

void Target::follow(const CameraMotion& motion) {
  filter_.follow(motion);
  for (auto& sighting : sightings_) sighting.center = motion.moved(sighting.center);
}

void Target::follow(vision::PixelPoint jump_px, vision::PixelPoint drift_px_s) {
  filter_.follow(jump_px, drift_px_s);
  for (auto& sighting : sightings_) {
    sighting.center.x += jump_px.x;
    sighting.center.y += jump_px.y;
  }
}

void Target::follow_on(const GroundPlane& ground, const CameraMotion& motion) {
  if (!ground_filter_) return;
  const auto place = ground.place(motion.moved(ground.seen(ground_filter_->place())));
  if (!place) return ground_filter_.reset();
  ground_filter_->move_to(*place);
}

void Target::stand(const Footing& seen) {
  if (ground_filter_) return ground_filter_->correct(seen);
  ground_filter_.emplace(seen);
}

bool Target::may_stand(const Footing& there) const {
  return !ground_filter_ || ground_filter_->squared_distance(there) <= kMaxGroundDistance;
}

void Target::see(const infer::Detection& detection, media::MediaTime time, double noise) {
  filter_.correct(detection.box, noise);
  count(detection, time);
}

void Target::miss() {
  judge(0);
  if (track_.state == TrackState::confirmed) {
    filter_.hold_size();
    track_.state = TrackState::lost;
  }
}

void Target::confirm(std::uint64_t id) {
  track_.state = TrackState::confirmed;
  if (track_.id == 0) track_.id = id;
}

void Target::go_on_as(const Target& before) {
  track_.id = before.track_.id;
  track_.first_seen = before.track_.first_seen;
  track_.first_box = before.track_.first_box;
  track_.quality = before.track_.quality;
  looks_ = before.looks_;
  for (const auto& [class_id, score] : before.votes_) vote(class_id, score);
}

Track Target::snapshot() const {
  Track result = track_;
  result.box = filter_.box();
  result.velocity_px_s = filter_.velocity_px_s();
  return result;
}

float Target::expected_score() const {
  return std::clamp(2 * track_.score - score_before_, 0.1F, 1.F);
}

float Target::straightness(vision::PixelPoint point) const {
  if (hits_ < 2) return 0;
  const auto from = anchor().center;
  const auto last = sighting(0).center;
  const vision::PixelPoint went{last.x - from.x, last.y - from.y};
  const vision::PixelPoint goes{point.x - from.x, point.y - from.y};
  const float lengths = std::hypot(went.x, went.y) * std::hypot(goes.x, goes.y);
  if (!(lengths > 0)) return 0;
  const float cosine = std::clamp((went.x * goes.x + went.y * goes.y) / lengths, -1.F, 1.F);
  return 1 - 2 * std::acos(cosine) / std::numbers::pi_v<float>;
}

void Target::count(const infer::Detection& detection, media::MediaTime time) {
  ++hits_;
  seen_now_ = true;
  score_before_ = track_.score;
  track_.score = detection.score;
  track_.last_seen = time;
  judge(detection.score);
  newest_ = detection;
  last_sighting_ = (last_sighting_ + 1) % sightings_.size();
  sightings_[last_sighting_] = {time, center(detection.box)};
  vote(detection.class_id, detection.score);
}

void Target::vote(int class_id, double score) {
  auto vote = std::find_if(votes_.begin(), votes_.end(), [&](const auto& v) { return v.first == class_id; });
  if (vote == votes_.end()) vote = votes_.insert(vote, {class_id, 0.0});
  vote->second += score;
  track_.class_id = std::max_element(votes_.begin(), votes_.end(), [](const auto& a, const auto& b) {
                      return a.second < b.second;
                    })->first;
}

void Target::judge(float score) {
  track_.quality += static_cast<float>(1 - std::exp(-step_s_ / kQualitySeconds)) * (score - track_.quality);
}

const Target::Sighting& Target::anchor() const {
  const std::size_t kept = std::min(static_cast<std::size_t>(hits_), sightings_.size());
  std::size_t ago = 1;
  while (ago + 1 < kept && track_.last_seen - sighting(ago).time < kDirectionAge) ++ago;
  return sighting(ago);
}

}  // namespace ocelli::track
