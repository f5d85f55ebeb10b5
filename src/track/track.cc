#include "track/track.h"

namespace ocelli::track {

std::string_view track_state_name(TrackState state) {
  switch (state) {
    case TrackState::tentative:
      return "tentative";
    case TrackState::confirmed:
      return "confirmed";
    case TrackState::lost:
      return "lost";
  }
  return "lost";
}

}  // namespace ocelli::track
