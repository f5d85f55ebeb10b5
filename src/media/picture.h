#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "media/frame.h"

namespace ocelli::media {

/// The picture in the bytes of a JPEG, PNG, WebP or BMP file, told by its signature, as it is meant to be seen (EXIF).
/// Opens nothing else, whatever the bytes say. One that is damaged or cut off is given as far as it goes, marked as
/// FrameQuality::damaged. `unsupported`: this is none of them; `corrupt`: nothing of it can be seen, or it is too
/// large.
base::Result<FramePtr> decode_picture(std::span<const std::uint8_t> bytes, base::Clock& clock);

}  // namespace ocelli::media
