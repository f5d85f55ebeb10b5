#pragma once

#include <chrono>

namespace ocelli::media {

/// The time axis of one stream: zero at the first frame of a file, at the connection of a live source. Not wall time.
// NOLINTBEGIN(readability-identifier-naming): the names that std::chrono asks of a clock.
struct MediaClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MediaClock>;
  static constexpr bool is_steady = true;
};
// NOLINTEND(readability-identifier-naming)

/// A point on a stream's time axis; differences are std::chrono durations.
using MediaTime = MediaClock::time_point;

/// Seconds since the start of the stream, for people, JSON and equations.
inline double to_seconds(MediaTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// Nearest nanosecond to `seconds` since the start of the stream.
inline MediaTime from_seconds(double seconds) {
  return MediaTime(std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
}

}  // namespace ocelli::media
