#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "config/site_config.h"

namespace ocelli::config {

/// `text` with each ${NAME} replaced from `environment`; "$${" stands for "${" itself. Values are taken as they are: a
/// "${" that comes out of a variable is not looked at again. Nothing, and a problem at the place of `value`, when a
/// variable is not set. Problems name variables, never what they hold.
std::optional<std::string> substitute(std::string_view text, const base::YamlValue& value,
                                      const Environment& environment, std::vector<base::YamlProblem>& problems);

}  // namespace ocelli::config
