#include "track/presets.h"

#include <algorithm>

#include "base/suggest.h"

namespace ocelli::track {
namespace {

struct Preset {
  std::string_view name;
  TrackerConfig config;
};

std::vector<Preset> presets() {
  return {{"default", {}}};
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& preset : presets()) names.emplace_back(preset.name);
  return names;
}

base::Result<TrackerConfig> preset(std::string_view name) {
  const auto all = presets();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Preset& preset) { return preset.name == name; });
  if (found != all.end()) return found->config;
  const auto names = preset_names();
  std::string known;
  for (const auto& each : names) known += (known.empty() ? "" : ", ") + each;
  return base::Error(base::Code::invalid, "unknown tracker preset '" + std::string(name) + "'" +
                                              base::did_you_mean(name, names) + "; there are: " + known);
}

}  // namespace ocelli::track
