#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "media/frame.h"

namespace ocelli::media {

/// The picture in our memory. Of a device frame a copy, in `pool` like any other, counted by `downloads`: it crosses
/// the bus and the caller waits for it. A frame that lies in memory is given back as it is. `exhausted` when the pool
/// is dry, `unavailable` when the device does not give it.
base::Result<FramePtr> download(const FramePtr& frame, FramePool& pool, base::Counter downloads);

}  // namespace ocelli::media
