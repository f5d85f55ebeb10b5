#include "infer/behaviour_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace ocelli::infer {

// tools/train/features.py computes the same for training: a test holds the two together.

namespace {

constexpr double kStepSeconds = 0.2;
constexpr double kReferenceShare = 0.0328;  // of a new height in the reference: a time constant of six seconds
constexpr double kFarthest = 8;             // body heights to a neighbour who still is one
constexpr double kNear = 2;
constexpr double kAround = 4;
constexpr double kMostSpeed = 10;
constexpr std::size_t kOneSecond = 5;  // in steps
constexpr std::size_t kThreeSeconds = 15;
constexpr std::size_t kTenSeconds = 50;
constexpr std::size_t kOwnFeatures = 14;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double clamp_speed(double value) {
  return std::clamp(value, -kMostSpeed, kMostSpeed);
}

/// The first multiple of a step that is not before `time`.
media::MediaTime step_at_or_after(media::MediaTime time) {
  const auto step = std::chrono::nanoseconds(BehaviourFeatures::kStep);
  auto count = time.time_since_epoch() / step;
  if (count * step < time.time_since_epoch()) ++count;
  return media::MediaTime(count * step);
}

}  // namespace

std::size_t BehaviourFeatures::Track::age(std::size_t lag) const {
  return std::min(steps - 1, lag);
}

BehaviourFeatures::Point BehaviourFeatures::Track::foot(std::size_t lag) const {
  return feet[(steps - 1 - age(lag)) % kHistory];
}

/// Mean over the `lag` steps that end `back` steps ago, as far as there are that many; pixels a second.
BehaviourFeatures::Point BehaviourFeatures::Track::velocity_before(std::size_t back, std::size_t lag) const {
  const std::size_t newer = age(back);
  const std::size_t older = age(back + lag);
  const double time = static_cast<double>(std::max<std::size_t>(older - newer, 1)) * kStepSeconds;
  const Point a = foot(newer);
  const Point b = foot(older);
  return {(a.x - b.x) / time, (a.y - b.y) / time};
}

BehaviourFeatures::Point BehaviourFeatures::Track::velocity(std::size_t lag) const {
  return velocity_before(0, lag);
}

double BehaviourFeatures::Track::height_rate(std::size_t lag) const {
  const std::size_t older = age(lag);
  const double time = static_cast<double>(std::max<std::size_t>(older, 1)) * kStepSeconds;
  return clamp_speed((log_heights[(steps - 1) % kHistory] - log_heights[(steps - 1 - older) % kHistory]) / time);
}

std::span<const BehaviourStep> BehaviourFeatures::push(media::MediaTime time, std::span<const TrackedBox> boxes) {
  steps_.clear();
  if (is_begun_ && time <= last_) return {};
  note(time, boxes);
  const media::MediaTime newest = step_at_or_after(time);
  media::MediaTime at = is_begun_ ? step_at_or_after(last_ + std::chrono::nanoseconds(1)) : newest;
  while (at <= time) {
    compute(at, time);
    at += kStep;
    // A long silence: nobody is in sight at the steps within it.
    if (at - last_ > kMostGap) at = std::max(at, newest);
  }
  for (auto& track : tracks_) {
    if (!track.is_here) continue;
    track.was_seen = true;
    track.seen = time;
    track.box = track.here;
    track.is_here = false;
  }
  std::erase_if(tracks_, [time](const Track& track) { return time - track.seen > kMostGap; });
  is_begun_ = true;
  last_ = time;
  return steps_;
}

void BehaviourFeatures::note(media::MediaTime time, std::span<const TrackedBox> boxes) {
  for (const auto& [id, box] : boxes) {
    const bool finite =
        std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.width) && std::isfinite(box.height);
    if (!finite || box.width <= 0 || box.height <= 0) continue;
    auto found = std::lower_bound(tracks_.begin(), tracks_.end(), id,
                                  [](const Track& track, std::int64_t wanted) { return track.id < wanted; });
    if (found == tracks_.end() || found->id != id) {
      Track track;
      track.id = id;
      found = tracks_.insert(found, track);
    }
    if (found->is_here) continue;
    if (found->was_seen && time - found->seen > kMostGap) {
      found->was_seen = false;
      found->steps = 0;
    }
    found->is_here = true;
    found->here = {box.left, box.top, box.width, box.height};
  }
}

void BehaviourFeatures::compute(media::MediaTime at, media::MediaTime frame) {
  const std::size_t begin = steps_.size();
  for (auto& track : tracks_) {
    BehaviourStep step;
    sample(track, at, frame, step);
    if (track.is_sampled) steps_.push_back(step);
  }
  std::size_t next = begin;
  for (const auto& track : tracks_) {
    if (track.is_sampled) add_neighbours(track, steps_[next++]);
  }
}

void BehaviourFeatures::sample(Track& track, media::MediaTime at, media::MediaTime frame, BehaviourStep& step) {
  Box box = track.box;
  double unseen_s = 0;
  track.is_sampled = true;
  if (track.is_here && frame == at) {
    box = track.here;
  } else if (track.is_here && track.was_seen) {
    const double share = seconds(at - track.seen) / seconds(frame - track.seen);
    box = {box.left + share * (track.here.left - box.left), box.top + share * (track.here.top - box.top),
           box.width + share * (track.here.width - box.width), box.height + share * (track.here.height - box.height)};
  } else if (!track.is_here && track.was_seen && at - track.seen <= kMostGap) {
    unseen_s = seconds(at - track.seen);
  } else {
    track.steps = 0;
    track.is_sampled = false;
    return;
  }
  step.track = track.id;
  step.time = at;
  step.first = track.steps == 0;
  const std::size_t slot = track.steps++ % kHistory;
  track.feet[slot] = {box.left + box.width / 2, box.top + box.height};
  track.log_heights[slot] = std::log(box.height);
  const double share = std::max(1 / static_cast<double>(track.steps), kReferenceShare);
  if (step.first) track.reference = 0;
  track.reference += share * (box.height - track.reference);
  add_own(track, box, unseen_s, step);
}

void BehaviourFeatures::add_own(const Track& track, const Box& box, double unseen_s, BehaviourStep& step) {
  const double reference = track.reference;
  const auto length = [](Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); };
  const auto speed = [&](std::size_t lag) { return std::min(length(track.velocity(lag), {}) / reference, kMostSpeed); };
  const std::size_t past = track.steps - 1;
  const std::size_t parts = std::min<std::size_t>(past / 3, kThreeSeconds / 3);
  double path = 0;
  for (std::size_t part = 0; part < parts; ++part) path += length(track.foot(3 * part), track.foot(3 * part + 3));
  const double path_s = static_cast<double>(std::max<std::size_t>(3 * parts, 1)) * kStepSeconds;
  const Point now = track.foot(0);
  const Point velocity = track.velocity(2);
  const Point a{now.x - track.foot(3).x, now.y - track.foot(3).y};
  const Point b{track.foot(3).x - track.foot(6).x, track.foot(3).y - track.foot(6).y};
  const double angle = std::atan2(std::abs(a.x * b.y - a.y * b.x), a.x * b.x + a.y * b.y) / std::numbers::pi;
  const double slower = std::min(length(a, {}), length(b, {}));
  const double change = length(velocity, track.velocity_before(2, 2)) / (2 * kStepSeconds * reference);

  const std::array<double, kOwnFeatures> values{
      speed(2),
      speed(kOneSecond),
      speed(kThreeSeconds),
      length(now, track.foot(3 * parts)) / (path + 0.05 * reference),
      std::min(path / (path_s * reference), kMostSpeed),
      std::min(length(now, track.foot(kTenSeconds)) / reference, 20.0),
      clamp_speed(velocity.x / reference),
      clamp_speed(velocity.y / reference),
      past >= 4 ? std::min(change, 5 * kMostSpeed) : 0,
      past >= 6 ? angle * slower / (slower + 0.2 * reference) : 0,
      std::log(box.width / box.height),
      std::log(box.height) - std::log(reference),
      track.height_rate(2),
      track.height_rate(kThreeSeconds),
  };
  std::transform(values.begin(), values.end(), step.values.begin(),
                 [](double value) { return static_cast<float>(value); });
  step.values[21] = static_cast<float>(unseen_s);
  step.values[22] = static_cast<float>(std::min(static_cast<double>(past) * kStepSeconds, 10.0));
}

void BehaviourFeatures::add_neighbours(const Track& track, BehaviourStep& step) const {
  constexpr double kNobody = std::numeric_limits<double>::infinity();
  struct Neighbour {
    const Track* track = nullptr;
    double distance = kNobody;  // in body heights
  };
  Neighbour nearest;
  Neighbour second;
  const Point foot = track.foot(0);
  int near = 0;
  int around = 0;
  double speeds = 0;
  for (const auto& other : tracks_) {
    if (&other == &track || !other.is_sampled) continue;
    const Point there = other.foot(0);
    const Neighbour neighbour{&other, std::hypot(there.x - foot.x, there.y - foot.y) / track.reference};
    if (neighbour.distance < nearest.distance) {
      second = std::exchange(nearest, neighbour);
    } else if (neighbour.distance < second.distance) {
      second = neighbour;
    }
    if (neighbour.distance <= kNear) ++near;
    if (neighbour.distance > kAround) continue;
    ++around;
    const Point velocity = other.velocity(kOneSecond);
    speeds += std::min(std::hypot(velocity.x, velocity.y) / other.reference, kMostSpeed);
  }
  const auto direction = [&](const Neighbour& neighbour) {
    const Point there = neighbour.track->foot(0);
    const double length = std::max(std::hypot(there.x - foot.x, there.y - foot.y), 1e-6);
    return Point{(there.x - foot.x) / length, (there.y - foot.y) / length};
  };
  std::array<double, 7> values{std::min(nearest.distance, kFarthest), std::min(second.distance, kFarthest)};
  if (nearest.distance <= kFarthest) {
    const Point own = track.velocity(kOneSecond);
    const Point theirs = nearest.track->velocity(kOneSecond);
    const Point relative{(own.x - theirs.x) / track.reference, (own.y - theirs.y) / track.reference};
    const Point way = direction(nearest);
    values[2] = std::min(std::hypot(relative.x, relative.y), kMostSpeed);
    values[3] = clamp_speed(way.x * relative.x + way.y * relative.y);
    if (second.distance <= kAround) values[5] = way.x * direction(second).x + way.y * direction(second).y;
  }
  values[4] = std::min(near, 8);
  values[6] = around > 0 ? speeds / around : 0;
  std::transform(values.begin(), values.end(), step.values.begin() + kOwnFeatures,
                 [](double value) { return static_cast<float>(value); });
}

}  // namespace ocelli::infer
