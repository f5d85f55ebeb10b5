#pragma once

#include <filesystem>

#include "base/result.h"
#include "tests/farm/clip.h"

namespace ocelli::farm {

/// Paints and encodes the clip into `file` as Annex B. The file appears only when it is whole.
base::Status encode_clip(const ClipConfig& config, const std::filesystem::path& file);

}  // namespace ocelli::farm
