#include "track/tracker.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ranges>

#include "track/assignment.h"
#include "track/contest.h"
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
/// Less of a person says nothing: smaller ones, and those of whom others hide more.
constexpr float kLeastHeightPx = 32;
constexpr float kMostHidden = 0.3F;
/// How far from where they are expected lost people may turn up, in their own heights: they may have turned back or
/// stopped, and walk about a height a second.
constexpr double kReach = 0.5;
constexpr double kReachPerSecond = 1;
constexpr float kMostGrowth = 1.5F;

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

/// Who stands lower in the picture stands in front.
bool hides(const vision::PixelBox& other, const vision::PixelBox& box) {
  if (!(other.bottom() > box.bottom())) return false;
  const float width = std::min(other.right(), box.right()) - std::max(other.left, box.left);
  const float height = box.bottom() - std::max(other.top, box.top);
  return width > 0 && height > 0 && width * height > kMostHidden * box.area();
}

/// Whether who was lost can be there by now.
bool within_reach(const Target& lost, const infer::Detection& detection, media::MediaTime time) {
  const auto expected = lost.box();
  const float growth = detection.box.height / expected.height;
  if (growth > kMostGrowth || growth * kMostGrowth < 1) return false;
  const auto from = center(expected);
  const auto to = center(detection.box);
  const double lost_s = std::chrono::duration<double>(time - lost.last_seen()).count();
  return std::hypot(to.x - from.x, to.y - from.y) <= (kReach + kReachPerSecond * lost_s) * detection.box.height;
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
    if (likeness.looks_weight > 0) weigh_looks(pool, likeness);
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

  /// Looks decide what is contested, as far as they can be told.
  void weigh_looks(std::span<const infer::Detection> pool, const Likeness& likeness) {
    if (!looks.can_ask()) return;
    const auto target_of = [&](const Candidate& one) -> const Target& {
      return targets[static_cast<std::size_t>(one.row)];
    };
    const auto detection_of = [&](const Candidate& one) { return pool[static_cast<std::size_t>(one.column)]; };
    std::vector<infer::Detection> wanted;
    for (const std::size_t index : contested(candidates, config.appearance.contest_margin)) {
      const auto detection = detection_of(candidates[index]);
      if (target_of(candidates[index]).looks().known() && can_look_at(detection)) wanted.push_back(detection);
    }
    looks.ask(wanted);
    for (auto& candidate : candidates) {
      const auto& known_looks = target_of(candidate).looks();
      const auto* seen_looks = looks.of(detection_of(candidate));
      if (seen_looks == nullptr || !known_looks.known()) continue;
      const float excess = known_looks.likeness(*seen_looks) - config.appearance.same;
      candidate.gain = likeness.gain_with_looks(candidate.gain, excess);
    }
  }

  bool can_look_at(const infer::Detection& detection) const {
    return looks.can_ask_about(detection.class_id) && detection.score >= config.high_score &&
           detection.box.height >= kLeastHeightPx &&
           std::none_of(shown.begin(), shown.end(), [&](const infer::Detection& other) {
             return usable(other) && other.score >= config.high_score && hides(other.box, detection.box);
           });
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
               .score_change_weight = score_change,
               .looks_weight = config.appearance.weight},
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

  void settle_states(media::MediaTime time) {
    std::erase_if(targets, [](const Target& target) { return !target.seen_now() && tentative(target); });
    for (auto& target : targets) {
      if (!target.seen_now()) {
        target.miss();
      } else if (target.state() == TrackState::lost) {
        target.confirm(0);
      }
    }
    if (looks.can_ask()) find_again(time);
    for (auto& target : targets) {
      if (tentative(target) && believable(target)) target.confirm(++last_id);
    }
    if (looks.can_ask()) learn_looks(time);
  }

  /// Who would get a new id now may be somebody who was lost, though not where they are expected.
  void find_again(media::MediaTime time) {
    candidates.clear();
    std::vector<infer::Detection> wanted;
    for (std::size_t row = 0; row < targets.size(); ++row) {
      if (targets[row].state() != TrackState::lost || !targets[row].looks().known()) continue;
      for (std::size_t column = 0; column < targets.size(); ++column) {
        if (!tentative(targets[column]) || !may_be(targets[row], targets[column], time)) continue;
        candidates.push_back({static_cast<int>(row), static_cast<int>(column), 0});
        wanted.push_back(targets[column].newest());
      }
    }
    looks.ask(wanted);
    for (auto& [row, column, gain] : candidates) {
      const auto* seen_looks = looks.of(targets[static_cast<std::size_t>(column)].newest());
      if (seen_looks == nullptr) continue;
      gain = targets[static_cast<std::size_t>(row)].looks().likeness(*seen_looks) - config.appearance.same;
    }
    const auto matches = best_matching(candidates);
    for (const auto& match : matches) {
      auto& target = targets[static_cast<std::size_t>(match.column)];
      target.go_on_as(targets[static_cast<std::size_t>(match.row)]);
      target.confirm(0);
    }
    for (const auto& match : std::views::reverse(matches)) targets.erase(targets.begin() + match.row);
  }

  bool may_be(const Target& lost, const Target& fresh, media::MediaTime time) const {
    const auto& detection = fresh.newest();
    if (fresh.first_seen() <= lost.last_seen()) return false;  // both were there
    if (!believable(fresh) || group_of(lost.class_id()) != group_of(fresh.class_id())) return false;
    if (!within_reach(lost, detection, time) || !can_look_at(detection)) return false;
    const auto footing = ground ? ground->footing(detection.box) : std::nullopt;
    return !footing || lost.may_stand(*footing);
  }

  /// To compare with later: each track that is clearly seen, from time to time, and whatever was asked for anyway.
  void learn_looks(media::MediaTime time) {
    std::vector<infer::Detection> wanted;
    for (const auto& target : targets) {
      if (just_seen(target) && is_due(target, time) && can_look_at(target.newest())) wanted.push_back(target.newest());
    }
    looks.ask(wanted);
    for (auto& target : targets) {
      if (!just_seen(target)) continue;
      if (const auto* seen_looks = looks.of(target.newest())) target.looks().take(*seen_looks, time);
    }
  }

  bool is_due(const Target& target, media::MediaTime time) const {
    const auto taken_last = target.looks().taken();
    return !taken_last || time - *taken_last >= config.appearance.refresh;
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

  // Of one call, and empty between two.
  std::span<const infer::Detection> shown;
  FrameLooks looks;

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
                                const CameraMotion& camera, AppearanceSource* appearance) {
  Update update;
  impl_->shown = detections;
  impl_->looks = FrameLooks(appearance);
  impl_->sort_by_score(detections);
  impl_->forget_old(time, update.ended);
  impl_->follow_shake(impl_->predict(time, camera));
  impl_->associate_all(time);
  impl_->begin_tracks(time);
  impl_->settle_states(time);
  impl_->shown = {};
  impl_->looks = FrameLooks();
  update.tracks = impl_->reported();
  return update;
}

std::vector<Track> Tracker::finish() {
  auto ended = impl_->reported();
  impl_->targets.clear();
  return ended;
}

}  // namespace ocelli::track
