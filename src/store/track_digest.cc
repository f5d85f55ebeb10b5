#include "store/track_digest.h"

#include <algorithm>
#include <utility>

namespace ocelli::store {

std::vector<TrackSummary> TrackDigest::see(const events::FrameTracks& tracks) {
  const media::FrameInfo& frame = tracks.frame->info();
  for (auto& [id, trail] : trails_) trail.present = false;
  for (const auto& track : tracks.tracks) {
    const auto [found, is_new] = trails_.try_emplace(track.id);
    Trail& trail = found->second;
    trail.present = true;
    if (track.state != track::TrackState::confirmed) continue;
    TrackSummary& summary = trail.summary;
    if (summary.frames == 0) summary.first_seen = frame.captured;
    summary.last_seen = frame.captured;
    summary.quality = std::max(summary.quality, track.quality);
    summary.picture_width = frame.width;
    summary.picture_height = frame.height;
    add(trail, {frame.sequence, frame.captured, track.box, track.score});
  }
  std::vector<TrackSummary> ended;
  for (auto trail = trails_.begin(); trail != trails_.end();) {
    if (trail->second.present) {
      ++trail;
      continue;
    }
    trail->second.summary.camera = camera_;
    trail->second.summary.track_id = trail->first;
    if (trail->second.summary.frames > 0) ended.push_back(close(std::move(trail->second)));
    trail = trails_.erase(trail);
  }
  return ended;
}

void TrackDigest::see(const events::Event& event) {
  if (event.label.empty()) return;
  if (const auto found = trails_.find(event.track_id); found != trails_.end()) {
    found->second.summary.label = event.label;
  }
}

std::vector<TrackSummary> TrackDigest::finish() {
  std::vector<TrackSummary> ended;
  for (auto& [id, trail] : trails_) {
    if (trail.summary.frames == 0) continue;
    trail.summary.camera = camera_;
    trail.summary.track_id = id;
    ended.push_back(close(std::move(trail)));
  }
  trails_.clear();
  return ended;
}

void TrackDigest::add(Trail& trail, const TrackPoint& point) {
  auto& path = trail.summary.path;
  trail.newest = point;
  if (trail.summary.frames++ % trail.stride != 0) return;
  if (path.size() == kMostPoints) {
    for (std::size_t i = 1; i < kMostPoints / 2; ++i) path[i] = path[2 * i];
    path.resize(kMostPoints / 2);
    trail.stride *= 2;
  }
  path.push_back(point);
}

TrackSummary TrackDigest::close(Trail trail) {
  auto& path = trail.summary.path;
  if (path.back().frame != trail.newest.frame) {
    if (path.size() == kMostPoints) path.pop_back();
    path.push_back(trail.newest);
  }
  return std::move(trail.summary);
}

}  // namespace ocelli::store
