#include "events/object.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

namespace ocelli::events {
namespace {

/// A new track counts as the old object up to this far from where that was about to be, in the longer sides of its box:
/// half a second of a brisk walk against the prediction.
constexpr double kReachInBoxes = 1;
/// Boxes of the same object differ in height by less than this: a part of it may be hidden.
constexpr double kMostHeightRatio = 2;

/// Pixels between where the object was about to be and where the track is; nothing when they cannot be the same.
std::optional<double> distance_px(const Object& object, const track::Track& track, const media::FrameInfo& frame) {
  const double scale_x = static_cast<double>(frame.width) / object.picture.width;
  const double scale_y = static_cast<double>(frame.height) / object.picture.height;
  const double height = object.track.box.height * scale_y;
  const double width = object.track.box.width * scale_x;
  const double ratio = track.box.height / height;
  if (!(ratio < kMostHeightRatio && ratio * kMostHeightRatio > 1)) return std::nullopt;
  const double passed_s = std::chrono::duration<double>(frame.time - object.seen).count();
  const Anchor was = to_pixels(object.anchor, {frame.width, frame.height});
  const auto now = track.box.bottom_center();
  const double distance = std::hypot(now.x - was.x - object.track.velocity_px_s.x * scale_x * passed_s,
                                     now.y - was.y - object.track.velocity_px_s.y * scale_y * passed_s);
  if (!(distance <= kReachInBoxes * std::max(width, height))) return std::nullopt;
  return distance;
}

}  // namespace

Objects::Objects(std::chrono::milliseconds relink_window, std::vector<std::string> labels)
    : relink_window_(relink_window), labels_(std::move(labels)) {}

std::string Objects::label_of(const track::Track& track) const {
  const auto index = static_cast<std::size_t>(track.class_id);
  if (track.class_id >= 0 && index < labels_.size()) return labels_[index];
  return "class " + std::to_string(track.class_id);
}

void Objects::see(Object& object, const track::Track& track, const media::FrameInfo& frame) const {
  object.track = track;
  object.label = label_of(track);
  object.picture = {frame.width, frame.height};
  object.anchor = anchor_of(track.box, object.picture);
  object.seen = frame.time;
  object.is_new = false;
  object.track_ended = false;
}

Objects::Update Objects::update(const media::FrameInfo& frame, std::span<const track::Track> tracks,
                                std::span<const track::Track> ended) {
  std::vector<const track::Track*> confirmed;
  for (const auto& track : tracks) {
    if (track.state == track::TrackState::confirmed) confirmed.push_back(&track);
  }
  std::sort(confirmed.begin(), confirmed.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  Newcomers newcomers;
  for (const auto* track : confirmed) {
    const auto known = by_track_.find(track->id);
    if (known == by_track_.end()) {
      newcomers.push_back(track);
    } else {
      see(objects_.at(known->second), *track, frame);
    }
  }
  relink(frame, newcomers);
  for (const auto* track : newcomers) {
    Object& object = objects_[++last_id_];
    object.id = last_id_;
    by_track_[track->id] = object.id;
    see(object, *track, frame);
    object.is_new = track->first_seen < frame.time && track->first_box.width > 0;
    object.first_anchor = anchor_of(track->first_box, object.picture);
  }
  Update update;
  for (const auto* track : confirmed) update.seen.push_back(&objects_.at(by_track_.at(track->id)));
  for (const auto& track : ended) {
    const auto known = by_track_.find(track.id);
    if (known != by_track_.end()) objects_.at(known->second).track_ended = true;
  }
  update.gone = take_if(
      [&](const Object& object) { return relink_window_.count() == 0 || frame.time - object.seen > relink_window_; });
  return update;
}

void Objects::relink(const media::FrameInfo& frame, Newcomers& newcomers) {
  using Pair = std::tuple<double, std::uint64_t, std::size_t>;  // nearest first; ties by age of the object
  std::vector<Pair> pairs;
  for (const auto& [id, object] : objects_) {
    if (object.seen == frame.time) continue;
    for (std::size_t i = 0; i < newcomers.size(); ++i) {
      const auto hidden = newcomers[i]->first_seen - object.seen;
      if (hidden.count() <= 0 || hidden > relink_window_ || label_of(*newcomers[i]) != object.label) continue;
      if (const auto distance = distance_px(object, *newcomers[i], frame)) pairs.emplace_back(*distance, id, i);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  for (const auto& [distance, id, i] : pairs) {
    Object& object = objects_.at(id);
    if (newcomers[i] == nullptr || object.seen == frame.time) continue;
    by_track_.erase(object.track.id);
    by_track_[newcomers[i]->id] = id;
    see(object, *newcomers[i], frame);
    newcomers[i] = nullptr;
  }
  std::erase(newcomers, nullptr);
}

template <class Condition>
std::vector<Object> Objects::take_if(Condition gone) {
  std::vector<Object> taken;
  for (auto entry = objects_.begin(); entry != objects_.end();) {
    if (!entry->second.track_ended || !gone(entry->second)) {
      ++entry;
      continue;
    }
    by_track_.erase(entry->second.track.id);
    taken.push_back(std::move(entry->second));
    entry = objects_.erase(entry);
  }
  std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) { return a.track.id < b.track.id; });
  return taken;
}

std::vector<Object> Objects::finish() {
  return take_if([](const Object& /*object*/) { return true; });
}

}  // namespace ocelli::events
