#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "events/rules.h"
#include "media/frame.h"
#include "track/track.h"

namespace ocelli::serve {

/// A copy of `frame` with the rules (zones, lines with an arrow that points "forward") and the tracks drawn into it.
/// `labels` are the class names by class id. `invalid` unless the frame is yuv420p. Any thread.
base::Result<media::FramePtr> annotate(const media::Frame& frame, std::span<const track::Track> tracks,
                                       const events::RulesConfig& rules, const std::vector<std::string>& labels);

/// The name of a class, or "class 7" when the model has none for it.
std::string class_label(const std::vector<std::string>& labels, int class_id);

}  // namespace ocelli::serve
