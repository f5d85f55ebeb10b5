#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/source.h"

namespace ocelli::media::internal {

/// The pictures of a folder as a video: its JPEG and PNG files in natural order ("2.jpg" before "10.jpg"), all of the
/// first one's kind, at `config.pictures_per_second`. Packets hold the files as they are; one that cannot be read ends
/// the source.
base::Result<std::unique_ptr<Source>> open_image_folder(const SourceConfig& config, base::Clock& clock);

/// Whether `left` comes before `right` as people count: runs of digits compare as numbers.
bool naturally_before(const std::string& left, const std::string& right);

}  // namespace ocelli::media::internal
