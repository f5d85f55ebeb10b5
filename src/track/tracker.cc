#include "track/tracker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "track/assignment.h"
#include "track/box_filter.h"

namespace ocelli::track {
namespace {

// Few frames a second make each sighting tell more: two sightings this far apart confirm a track, too.
constexpr std::chrono::milliseconds kConfirmAge{500};

/// An object that is followed, with what the reported Track does not show.
struct Target {
  Target(const infer::Detection& detection, media::MediaTime time) : filter(detection.box) {
    track.first_seen = time;
    count(detection, time);
  }

  void see(const infer::Detection& detection, media::MediaTime time) {
    filter.correct(detection.box);
    count(detection, time);
  }

  void count(const infer::Detection& detection, media::MediaTime time) {
    ++hits;
    seen_now = true;
    track.score = detection.score;
    track.last_seen = time;
    auto vote = std::find_if(votes.begin(), votes.end(), [&](const auto& v) { return v.first == detection.class_id; });
    if (vote == votes.end()) vote = votes.insert(vote, {detection.class_id, 0.0});
    vote->second += detection.score;
    track.class_id = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) {
                       return a.second < b.second;
                     })->first;
  }

  Track snapshot() const {
    Track result = track;
    result.box = filter.box();
    result.velocity_px_s = filter.velocity_px_s();
    return result;
  }

  BoxFilter filter;
  Track track;  // box and velocity live in the filter
  int hits = 0;
  bool seen_now = false;
  std::vector<std::pair<int, double>> votes;  // class, summed score
};

enum class ScoreUse {
  weighs_overlap,  ///< sure detections are preferred (ByteTrack's score fusion)
  ignored,
};

bool usable(const infer::Detection& detection) {
  const auto& box = detection.box;
  return std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.width) && std::isfinite(box.height) &&
         std::isfinite(detection.score) && box.width > 0 && box.height > 0;
}

}  // namespace

struct Tracker::Impl {
  explicit Impl(const TrackerConfig& wanted) : config(wanted) {}

  int group_of(int class_id) const {
    const auto index = static_cast<std::size_t>(class_id);
    if (class_id >= 0 && index < config.class_groups.size()) return config.class_groups[index];
    return class_id;
  }

  void predict(media::MediaTime time) {
    const std::chrono::duration<double> step = time - last_time;
    last_time = std::max(last_time, time);
    for (auto& target : targets) {
      target.filter.predict(std::max(0.0, step.count()));
      target.seen_now = false;
    }
  }

  void forget_old(media::MediaTime time, std::vector<Track>& ended) {
    std::erase_if(targets, [&](const Target& target) {
      if (time - target.track.last_seen <= config.keep_lost) return false;
      if (target.track.state != TrackState::tentative) ended.push_back(target.snapshot());
      return true;
    });
  }

  /// Matches targets that `wanted` accepts with `pool`; what was matched leaves the pool.
  template <class Wanted>
  void associate(media::MediaTime time, Wanted wanted, std::vector<infer::Detection>& pool, float min_iou,
                 ScoreUse score_use) {
    std::vector<Candidate> candidates;
    for (std::size_t row = 0; row < targets.size(); ++row) {
      const Target& target = targets[row];
      if (target.seen_now || !wanted(target)) continue;
      const auto box = target.filter.box();
      for (std::size_t column = 0; column < pool.size(); ++column) {
        if (group_of(pool[column].class_id) != group_of(target.track.class_id)) continue;
        const float weight = score_use == ScoreUse::weighs_overlap ? pool[column].score : 1.F;
        const float likeness = vision::iou(box, pool[column].box) * weight;
        if (likeness > min_iou) {
          candidates.push_back({static_cast<int>(row), static_cast<int>(column), likeness - min_iou});
        }
      }
    }
    std::vector<bool> taken(pool.size());
    for (const auto& match : best_matching(candidates)) {
      const auto column = static_cast<std::size_t>(match.column);
      targets[static_cast<std::size_t>(match.row)].see(pool[column], time);
      taken[column] = true;
    }
    std::size_t column = 0;
    std::erase_if(pool, [&](const infer::Detection&) { return taken[column++]; });
  }

  void begin_tracks(media::MediaTime time, const std::vector<infer::Detection>& unmatched) {
    for (const auto& detection : unmatched) {
      if (detection.score >= config.begin_score) targets.emplace_back(detection, time);
    }
  }

  void settle_states() {
    std::erase_if(targets,
                  [](const Target& target) { return !target.seen_now && target.track.state == TrackState::tentative; });
    for (auto& target : targets) {
      auto& track = target.track;
      if (!target.seen_now) {
        if (track.state == TrackState::confirmed) target.filter.hold_size();
        track.state = TrackState::lost;
      } else if (track.state == TrackState::lost) {
        track.state = TrackState::confirmed;
      } else if (track.state == TrackState::tentative && believable(target)) {
        track.state = TrackState::confirmed;
        track.id = ++last_id;
      }
    }
  }

  bool believable(const Target& target) const {
    return target.hits >= config.confirm_hits ||
           (target.hits > 1 && target.track.last_seen - target.track.first_seen >= kConfirmAge);
  }

  std::vector<Track> reported() const {
    std::vector<Track> tracks;
    for (const auto& target : targets) {
      if (target.track.state != TrackState::tentative) tracks.push_back(target.snapshot());
    }
    std::sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) { return a.id < b.id; });
    return tracks;
  }

  const TrackerConfig config;
  std::vector<Target> targets;  // in the order in which they were first seen
  std::uint64_t last_id = 0;
  media::MediaTime last_time;
};

Tracker::Tracker(const TrackerConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

Tracker::Update Tracker::update(media::MediaTime time, std::span<const infer::Detection> detections) {
  std::vector<infer::Detection> high;
  std::vector<infer::Detection> low;
  for (const auto& detection : detections) {
    if (!usable(detection) || detection.score < impl_->config.low_score) continue;
    (detection.score >= impl_->config.high_score ? high : low).push_back(detection);
  }
  Update update;
  impl_->forget_old(time, update.ended);
  impl_->predict(time);
  const auto& config = impl_->config;
  const auto is = [](auto... states) {
    return [=](const Target& target) { return ((target.track.state == states) || ...); };
  };
  impl_->associate(time, is(TrackState::confirmed, TrackState::lost), high, config.min_iou_first,
                   ScoreUse::weighs_overlap);
  impl_->associate(time, is(TrackState::confirmed), low, config.min_iou_second, ScoreUse::ignored);
  impl_->associate(time, is(TrackState::tentative), high, config.min_iou_first, ScoreUse::weighs_overlap);
  impl_->begin_tracks(time, high);
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
