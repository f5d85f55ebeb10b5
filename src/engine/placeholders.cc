#include "engine/placeholders.h"

#include <algorithm>
#include <utility>

namespace ocelli::engine {
namespace {

// The timeline marks 16 of a gap at most; more wait only where the decoder gives nothing for long.
constexpr std::size_t kMostLost = 64;

}  // namespace

void Placeholders::note_lost(media::MediaTime time) {
  if (sinks_.empty() || lost_.size() == kMostLost) return;
  lost_.insert(std::upper_bound(lost_.begin(), lost_.end(), time), time);
}

base::Status Placeholders::show_before(media::MediaTime time) {
  const auto end = std::lower_bound(lost_.begin(), lost_.end(), time);
  base::Status status;
  for (auto lost = lost_.begin(); lost != end && last_ && status; ++lost) {
    if (*lost <= last_->time()) continue;
    const auto placeholder = pool_.placeholder(*last_, *lost);
    if (!placeholder) break;  // counted by the pool
    for (auto* sink : sinks_) {
      if (status) status = sink->accept({camera_, *placeholder, last_tracks_});
    }
  }
  lost_.erase(lost_.begin(), end);
  return status;
}

void Placeholders::keep(const media::FramePtr& frame, std::vector<track::Track> tracks) {
  if (sinks_.empty()) return;
  last_ = frame;
  last_tracks_ = std::move(tracks);
}

}  // namespace ocelli::engine
