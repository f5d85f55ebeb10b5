#include "track/tracker.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "track/assignment.h"
#include "track/likeness.h"
#include "track/shift_estimator.h"
#include "track/target.h"

namespace ocelli::track {
namespace {

// Few frames a second make each sighting tell more: two sightings this far apart confirm a track, too.
constexpr std::chrono::milliseconds kConfirmAge{500};
/// Score of a detection whose box is as far off as usual.
constexpr double kUsualScore = 0.9;
constexpr double kLeastNoise = 0.1;
/// Overlap of a target and a detection that are surely the same, to tell the camera's shaking from.
constexpr float kSurelySame = 0.3F;
/// A shift that goes on this long is no shaking: it becomes part of the velocities, which are those in the picture.
constexpr double kDriftSeconds = 0.5;

bool usable(const infer::Detection& detection) {
  const auto& box = detection.box;
  return std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.width) && std::isfinite(box.height) &&
         std::isfinite(detection.score) && box.width > 0 && box.height > 0;
}

bool known(const Target& target) {
  return target.state() != TrackState::tentative;
}
bool just_seen(const Target& target) {
  return target.state() == TrackState::confirmed;
}
bool tentative(const Target& target) {
  return target.state() == TrackState::tentative;
}

}  // namespace

struct Tracker::Impl {
  Impl(const TrackerConfig& wanted, std::optional<GroundPlane> plane) : config(wanted), ground(plane) {}

  int group_of(int class_id) const {
    const auto index = static_cast<std::size_t>(class_id);
    if (class_id >= 0 && index < config.class_groups.size()) return config.class_groups[index];
    return class_id;
  }

  double noise_of(const infer::Detection& detection) const {
    return std::max(kLeastNoise, 1 + config.doubt * (kUsualScore - detection.score));
  }

  void sort_by_score(std::span<const infer::Detection> detections) {
    sure.clear();
    weak.clear();
    for (const auto& detection : detections) {
      if (!usable(detection) || detection.score < config.low_score) continue;
      (detection.score >= config.high_score ? sure : weak).push_back(detection);
    }
  }

  /// Returns the time that passed, in seconds.
  double predict(media::MediaTime time, const CameraMotion& camera) {
    const double step_s = std::max(0.0, std::chrono::duration<double>(time - last_time).count());
    last_time = std::max(last_time, time);
    for (auto& target : targets) {
      target.predict(step_s);
      if (camera == CameraMotion{}) continue;
      target.follow(camera);
      if (ground) target.follow_on(*ground, camera);
    }
    note_boxes();
    return step_s;
  }

  void note_footings() {
    footings.clear();
    if (!ground) return;
    for (const auto& detection : sure) footings.push_back(ground->footing(detection.box));
  }

  void note_boxes() {
    predicted.clear();
    for (const auto& target : targets) predicted.push_back(target.box());
  }

  void forget_old(media::MediaTime time, std::vector<Track>& ended) {
    std::erase_if(targets, [&](const Target& target) {
      if (time - target.last_seen() <= config.keep_lost) return false;
      if (known(target)) ended.push_back(target.snapshot());
      return true;
    });
  }

  void follow_shake(double dt_s) {
    if (config.shake == ShakeCompensation::off || !(dt_s > 0)) return;
    surprises.clear();
    for (std::size_t row = 0; row < targets.size(); ++row) {
      if (!just_seen(targets[row])) continue;
      const infer::Detection* best = nullptr;
      float best_overlap = kSurelySame;
      for (const auto& detection : sure) {
        const float overlap = vision::iou(predicted[row], detection.box);
        if (overlap > best_overlap && group_of(detection.class_id) == group_of(targets[row].class_id())) {
          best = &detection;
          best_overlap = overlap;
        }
      }
      if (best == nullptr) continue;
      const auto seen = center(best->box);
      const auto expected = center(predicted[row]);
      surprises.push_back({{seen.x - expected.x, seen.y - expected.y}, best->box.height});
    }
    const auto jump = shift_estimator.shift_px(surprises, dt_s);
    if (jump == vision::PixelPoint{}) return;
    const auto drift = static_cast<float>((1 - std::exp(-dt_s / kDriftSeconds)) / dt_s);
    for (auto& target : targets) {
      target.follow(jump, {jump.x * drift, jump.y * drift});
      if (ground) target.follow_on(*ground, {.x0 = jump.x, .y0 = jump.y});
    }
    note_boxes();
  }

  enum class Classes { same_group, other_group };

  /// Matches targets that `wanted` accepts with `pool`; what was matched leaves the pool. Where the pool's `stands` are
  /// given, they are asked, too.
  void associate(media::MediaTime time, bool (*wanted)(const Target&), std::vector<infer::Detection>& pool,
                 const Likeness& likeness, Classes classes = Classes::same_group,
                 std::span<const std::optional<Footing>> stands = {}) {
    if (pool.empty()) return;
    candidates.clear();
    for (std::size_t row = 0; row < targets.size(); ++row) {
      const Target& target = targets[row];
      if (target.seen_now() || !wanted(target)) continue;
      for (std::size_t column = 0; column < pool.size(); ++column) {
        const bool is_same = group_of(pool[column].class_id) == group_of(target.class_id());
        if (is_same != (classes == Classes::same_group)) continue;
        const float gain = likeness.gain(target, predicted[row], pool[column]);
        if (!(gain > 0)) continue;
        if (!stands.empty() && stands[column] && !target.may_stand(*stands[column])) continue;
        candidates.push_back({static_cast<int>(row), static_cast<int>(column), gain});
      }
    }
    taken.assign(pool.size(), false);
    for (const auto& match : best_matching(candidates)) {
      const auto& detection = pool[static_cast<std::size_t>(match.column)];
      auto& target = targets[static_cast<std::size_t>(match.row)];
      target.see(detection, time, noise_of(detection));
      stand(target, detection);
      taken[static_cast<std::size_t>(match.column)] = true;
    }
    std::size_t column = 0;
    std::erase_if(pool, [&](const infer::Detection&) { return taken[column++]; });
  }

  void stand(Target& target, const infer::Detection& detection) const {
    if (!ground) return;
    if (const auto footing = ground->footing(detection.box)) target.stand(*footing);
  }

  void associate_all(media::MediaTime time) {
    note_footings();
    const float score_change = config.score_change_weight;
    associate(time, known, sure,
              {.min_overlap = config.min_iou_first,
               .direction_weight = config.direction_weight,
               .score_change_weight = score_change},
              Classes::same_group, footings);
    associate(time, just_seen, weak,
              {.min_overlap = config.min_iou_second,
               .score_use = ScoreUse::ignored,
               .score_guess = ScoreGuess::last,
               .score_change_weight = score_change});
    associate(
        time, tentative, sure,
        {.min_overlap = config.min_iou_first, .score_guess = ScoreGuess::last, .score_change_weight = score_change});
    associate_other_classes(time);
  }

  void associate_other_classes(media::MediaTime time) {
    if (config.min_iou_other_class >= 1) return;
    const Likeness overlap{.min_overlap = config.min_iou_other_class, .score_use = ScoreUse::ignored};
    associate(time, known, sure, overlap, Classes::other_group);
    associate(time, just_seen, weak, overlap, Classes::other_group);
    associate(time, tentative, sure, overlap, Classes::other_group);
  }

  void begin_tracks(media::MediaTime time) {
    for (const auto& detection : sure) {
      if (!(detection.score >= config.begin_score)) continue;
      stand(targets.emplace_back(detection, time), detection);
    }
  }

  void settle_states() {
    std::erase_if(targets, [](const Target& target) { return !target.seen_now() && tentative(target); });
    for (auto& target : targets) {
      if (!target.seen_now()) {
        target.miss();
      } else if (target.state() == TrackState::lost) {
        target.confirm(0);
      } else if (tentative(target) && believable(target)) {
        target.confirm(++last_id);
      }
    }
  }

  bool believable(const Target& target) const {
    return target.hits() >= config.confirm_hits ||
           (target.hits() > 1 && target.last_seen() - target.first_seen() >= kConfirmAge);
  }

  std::vector<Track> reported() const {
    std::vector<Track> tracks;
    tracks.reserve(targets.size());
    for (const auto& target : targets) {
      if (known(target)) tracks.push_back(target.snapshot());
    }
    std::sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) { return a.id < b.id; });
    return tracks;
  }

  const TrackerConfig config;
  const std::optional<GroundPlane> ground;
  std::vector<Target> targets;  // in the order in which they were first seen
  std::uint64_t last_id = 0;
  media::MediaTime last_time;
  ShiftEstimator shift_estimator;

  // Of one call, kept for their memory.
  std::vector<vision::PixelBox> predicted;  // of each target
  std::vector<infer::Detection> sure;       // not matched so far
  std::vector<infer::Detection> weak;
  std::vector<std::optional<Footing>> footings;  // of the sure ones, before any was matched
  std::vector<ShiftEstimator::Surprise> surprises;
  std::vector<Candidate> candidates;
  std::vector<bool> taken;
};

Tracker::Tracker(const TrackerConfig& config, std::optional<GroundPlane> ground)
    : impl_(std::make_unique<Impl>(config, ground)) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

Tracker::Update Tracker::update(media::MediaTime time, std::span<const infer::Detection> detections,
                                const CameraMotion& camera) {
  Update update;
  impl_->sort_by_score(detections);
  impl_->forget_old(time, update.ended);
  impl_->follow_shake(impl_->predict(time, camera));
  impl_->associate_all(time);
  impl_->begin_tracks(time);
  impl_->settle_states();
  update.tracks = impl_->reported();
  return update;
}

std::vector<Track> Tracker::finish() {
  auto ended = impl_->reported();
  impl_->targets.clear();
  return ended;
}

}  // namespace ocelli::track
