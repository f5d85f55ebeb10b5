#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/site_config.h"

namespace ocelli::config {

/// One key of the effective configuration and its value as YAML. "camera.zones.dock.min_stay", "500ms".
struct Setting {
  std::string path;
  std::string value;
  bool operator==(const Setting&) const = default;
};

/// All that decides, after all layers, what becomes of a camera's pictures: `model`, `tracker` and, as `camera`, the
/// camera's own keys and rules. Its address is not part of it, since that may hold secrets; nor what cannot be written
/// in a file, such as a list of no classes. In a fixed order.
std::vector<Setting> effective_settings(const SiteConfig& site, const engine::StreamConfig& camera);

/// The sections that take effect when the program starts: server, log, model, updates, infer, store. In that order.
std::vector<Setting> start_settings(const SiteConfig& site);

/// All that a camera's run is made from: effective_settings() but for the model, its address, with secrets, and its
/// recorder. For comparing; not to be shown as it is.
std::vector<Setting> camera_settings(const engine::StreamConfig& camera);

/// Settings as YAML, in the order and form of effective_settings().
std::string to_yaml(const std::vector<Setting>& settings);

struct EffectiveConfig {
  SiteConfig site;
  engine::StreamConfig camera;
};
/// What to_yaml() wrote, or somebody edited: the camera is called `name`. Problems as for any configuration.
base::Result<EffectiveConfig> read_effective_config(const std::string& yaml, const std::string& file,
                                                    const std::string& name);

/// A key whose value differs; an empty side has no such key.
struct ChangedSetting {
  std::string path;
  std::string before;
  std::string after;
};
std::vector<ChangedSetting> changed_settings(const std::vector<Setting>& before, const std::vector<Setting>& after);

}  // namespace ocelli::config
