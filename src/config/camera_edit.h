#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/site_config.h"

namespace ocelli::config {

/// A site's file, edited, and what it says now.
struct EditedSite {
  std::string yaml;
  SiteConfig site;
};

// Edits of one camera in a site's YAML, which leave every other line as it is, comments too. `file` is named in errors:
// `invalid`: what was or would be there is no configuration, or `json` is none; `unsupported`: the cameras are written
// so that only a person can edit them, such as in one line.

/// The camera as `json` (an object as the schema has it under `cameras`) says; one of this name is replaced, another
/// is appended.
base::Result<EditedSite> set_camera(std::string_view yaml, const std::string& file, const Environment& environment,
                                    const std::string& name, std::string_view json);

/// `not_found`: there is no such camera.
base::Result<EditedSite> remove_camera(std::string_view yaml, const std::string& file, const Environment& environment,
                                       const std::string& name);

}  // namespace ocelli::config
