#pragma once

#include <deque>
#include <optional>

#include "events/anchor.h"
#include "media/media_time.h"

namespace ocelli::events {

/// The newest second of a way, in any unit, and how fast it goes: by the straight line that fits it best, since the
/// foot of a box trembles.
class Trail {
 public:
  void add(media::MediaTime time, Anchor place);
  /// Units per second; nothing until the way is half a second long.
  std::optional<Anchor> velocity() const;

 private:
  struct Place {
    media::MediaTime time;
    Anchor at;
  };
  std::deque<Place> places_;
};

}  // namespace ocelli::events
