#pragma once

#include <span>

#include "base/result.h"
#include "infer/detection.h"
#include "media/frame.h"

namespace ocelli::engine {

/// Receives what the detector saw in each analysed frame, before anything is made of it: all classes, wanted or not.
/// With the end, that is all that tracker and rules go by. Same thread and error rules as events::EventSink.
class DetectionSink {
 public:
  virtual ~DetectionSink() = default;
  /// Before the events of this frame.
  virtual base::Status accept(const media::FrameInfo& frame, std::span<const infer::Detection> detections) = 0;
  /// No frame follows: tracks end. Before the events of the end.
  virtual base::Status accept_end() = 0;
};

}  // namespace ocelli::engine
