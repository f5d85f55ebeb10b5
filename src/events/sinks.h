#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "events/event.h"
#include "media/frame.h"
#include "track/track.h"

namespace ocelli::events {

/// Receives what happened. Called from the camera's strand, one call at a time per camera; must not block for long:
/// whoever needs time puts a bounded queue in between. An error ends the camera's run.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual base::Status accept(const Event& event) = 0;
  /// What nearly happened is for those who explain; the others need not know.
  virtual base::Status accept_near_miss(const NearMiss& /*miss*/) { return {}; }
};

/// What the tracker knows after one frame.
struct FrameTracks {
  const std::string& camera;
  const media::FramePtr& frame;
  std::span<const track::Track> tracks;  ///< confirmed and lost; of a placeholder: of the picture that it shows again
};

/// Receives every analysed frame with its tracks. Same thread and error rules as EventSink.
class TrackSink {
 public:
  virtual ~TrackSink() = default;
  virtual base::Status accept(const FrameTracks& tracks) = 0;
  /// Whether it also wants a frame for each picture that was lost on the way (media::FrameQuality::placeholder): who
  /// shows pictures one after the other does, who judges them does not.
  virtual bool shows_placeholders() const { return false; }
};

}  // namespace ocelli::events
