#include "track/presets.h"

#include <algorithm>
#include <chrono>

#include "base/suggest.h"

namespace ocelli::track {
namespace {

struct Preset {
  std::string_view name;
  TrackerConfig config;
};

/// Zhang et al., "ByteTrack", ECCV 2022: two stages by score; no other cue, no camera.
TrackerConfig bytetrack() {
  TrackerConfig config;
  config.high_score = 0.6F;
  config.begin_score = 0.7F;
  config.min_iou_second = 0.5F;
  config.min_iou_other_class = 1;
  config.confirm_hits = 2;
  config.keep_lost = std::chrono::seconds{1};
  config.direction_weight = 0;
  config.score_change_weight = 0;
  config.doubt = 0;
  config.shake = ShakeCompensation::off;
  return config;
}

/// After Bewley et al., "Simple online and realtime tracking", ICIP 2016: sure detections only. Lost tracks are kept
/// for a second, where SORT gives them up at once.
TrackerConfig sort() {
  TrackerConfig config = bytetrack();
  config.low_score = config.begin_score = config.high_score;
  config.min_iou_first = 0.3F;
  config.confirm_hits = 3;
  return config;
}

std::vector<Preset> presets() {
  return {{"default", {}}, {"bytetrack", bytetrack()}, {"sort", sort()}};
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
