#pragma once

#include <string>

#include "app/command.h"
#include "base/result.h"
#include "config/site_config.h"

namespace ocelli::app {

/// What `ocelli config check` prints and how it ends.
struct ConfigReport {
  std::string text;  ///< a line per problem as file:line:column: message, or one line that says what the file holds
  ExitCode exit_code = ExitCode::ok;
};

/// Fails when the file cannot be read.
base::Result<ConfigReport> check_config(const std::string& path, const config::Environment& environment);

}  // namespace ocelli::app
