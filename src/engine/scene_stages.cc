#include "engine/scene_stages.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ocelli::engine {
namespace {

std::vector<bool> wanted_classes(const std::vector<std::string>& wanted, const std::vector<std::string>& all) {
  std::vector<bool> result(all.size(), wanted.empty());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::find(wanted.begin(), wanted.end(), all[i]) != wanted.end()) result[i] = true;
  }
  return result;
}

}  // namespace

SceneStages::SceneStages(const SceneConfig& config)
    : class_wanted_(wanted_classes(config.wanted, config.labels)),
      tracker_(config.tracker),
      rules_(config.camera, config.rules, config.labels) {}

track::Tracker::Update SceneStages::follow(const media::FrameInfo& frame, std::vector<infer::Detection> detections) {
  std::erase_if(detections, [this](const infer::Detection& detection) {
    return !class_wanted_[static_cast<std::size_t>(detection.class_id)];
  });
  return tracker_.update(frame.time, detections);
}

events::Rules::Judgement SceneStages::judge(const media::FrameInfo& frame, const track::Tracker::Update& update) {
  last_ = frame;
  return rules_.update(frame, update.tracks, update.ended);
}

events::Rules::Judgement SceneStages::finish() {
  if (!last_) return {};
  return rules_.finish(*last_, tracker_.finish());
}

}  // namespace ocelli::engine
