#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ocelli::app {

/// What a person named on the command line, one by one: addresses and files as given; a folder as the pictures and
/// clips in it, by name, without those of its own folders; patterns that the shell left alone (quoted, or on a list) as
/// the files that match them. `not_found` when a folder or pattern gives nothing.
base::Result<std::vector<std::string>> list_inputs(const std::vector<std::string>& names);

}  // namespace ocelli::app
