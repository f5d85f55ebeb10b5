#pragma once

#include <string>
#include <vector>

#include "config/effective.h"
#include "config/site_config.h"

namespace ocelli::config {

/// What becomes of one camera. Addresses are without secrets.
struct CameraChange {
  enum class Kind { added, changed, removed };
  std::string name;
  Kind kind = Kind::added;
  std::vector<ChangedSetting> settings;  ///< of a changed one
};

/// What another configuration would change of a running site. A value.
struct SiteChange {
  std::vector<CameraChange> cameras;          ///< those that are there now, in their order, then the new ones
  std::vector<ChangedSetting> at_next_start;  ///< of sections that a running server does not read again

  bool is_empty() const { return cameras.empty() && at_next_start.empty(); }
};
SiteChange site_change(const SiteConfig& running, const SiteConfig& wanted);

/// For people, a line for each change: "+ gate", "- dock", "~ yard: fps 5 -> 10", "! server.port: 8080 -> 80 (at the
/// next start)".
std::vector<std::string> change_lines(const SiteChange& change);

/// {"cameras":[{"name":…,"change":"added|changed|removed","settings":[{"key":…,"before":…,"after":…}]}],
/// "at_next_start":[…]}; what is not there is null.
std::string change_json(const SiteChange& change);

}  // namespace ocelli::config
