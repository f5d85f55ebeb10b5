#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/rules.h"
#include "infer/detection.h"
#include "media/frame.h"
#include "track/tracker.h"

namespace ocelli::engine {

/// What the stages behind the detector go by, and nothing else does. A value.
struct SceneConfig {
  std::string camera;
  std::vector<std::string> wanted;  ///< classes that are looked at; empty: all
  track::TrackerConfig tracker;     ///< its class_groups are the model's
  events::RulesConfig rules;
  std::vector<std::string> labels;  ///< of the model, by class id
};

/// From detections to events: class filter, tracker, rules. A pipeline runs it on what the detector sees now, a replay
/// on what a recording holds; the same frames and detections give the same events, bit by bit. One thread at a time.
class SceneStages {
 public:
  explicit SceneStages(const SceneConfig& config);

  /// After each analysed frame, in this order. The update is on its way to the sinks in between.
  track::Tracker::Update follow(const media::FrameInfo& frame, std::vector<infer::Detection> detections);
  events::Rules::Judgement judge(const media::FrameInfo& frame, const track::Tracker::Update& update);
  /// No frame follows: tracks end, as of the last frame.
  events::Rules::Judgement finish();

 private:
  std::vector<bool> class_wanted_;
  track::Tracker tracker_;
  events::Rules rules_;
  std::optional<media::FrameInfo> last_;
};

}  // namespace ocelli::engine
