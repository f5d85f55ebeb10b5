#pragma once

#include "base/result.h"
#include "media/frame.h"

namespace ocelli::media {

/// The picture as yuv420p, for those who can only draw on or encode that: a converted copy, which costs a pass over the
/// memory. BGR becomes BT.601, full range.
base::Result<FramePtr> copy_to_yuv420p(const Frame& frame);

}  // namespace ocelli::media
