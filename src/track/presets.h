#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "track/tracker.h"

namespace ocelli::track {

/// The settings of a tracker that have a name. `default` is what the program uses where nothing else is said.
std::vector<std::string> preset_names();

/// The settings of that name; `invalid`, with the names that there are, for any other.
base::Result<TrackerConfig> preset(std::string_view name);

}  // namespace ocelli::track
