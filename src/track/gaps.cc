#include "track/gaps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "track/camera_motion.h"

namespace ocelli::track {
namespace {

struct Sighting {
  std::size_t frame = 0;
  Track track;
};

Track between(const Track& before, const Track& after, media::MediaTime time) {
  const auto length = std::chrono::duration<float>(after.last_seen - before.last_seen);
  const float share = std::chrono::duration<float>(time - before.last_seen) / length;
  const auto mix = [&](float a, float b) { return std::lerp(a, b, share); };
  Track track = before;
  track.state = TrackState::lost;
  track.score = mix(before.score, after.score);
  track.box = {mix(before.box.left, after.box.left), mix(before.box.top, after.box.top),
               mix(before.box.width, after.box.width), mix(before.box.height, after.box.height)};
  track.velocity_px_s = {(center(after.box).x - center(before.box).x) / length.count(),
                         (center(after.box).y - center(before.box).y) / length.count()};
  return track;
}

}  // namespace

void fill_gaps(std::vector<TrackedFrame>& frames, std::chrono::milliseconds longest) {
  std::unordered_map<std::uint64_t, Sighting> newest;
  std::vector<std::vector<Track>> added(frames.size());
  for (std::size_t index = 0; index < frames.size(); ++index) {
    for (const auto& track : frames[index].tracks) {
      const auto [found, is_first] = newest.try_emplace(track.id);
      const auto& [last_frame, last] = found->second;
      if (!is_first && track.last_seen > last.last_seen && track.last_seen - last.last_seen <= longest) {
        for (std::size_t gap = last_frame + 1; gap < index; ++gap) {
          added[gap].push_back(between(last, track, frames[gap].time));
        }
      }
      found->second = {index, track};
    }
  }
  for (std::size_t index = 0; index < frames.size(); ++index) {
    auto& tracks = frames[index].tracks;
    tracks.insert(tracks.end(), added[index].begin(), added[index].end());
    std::sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) { return a.id < b.id; });
  }
}

}  // namespace ocelli::track
