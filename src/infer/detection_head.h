#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "infer/detection.h"
#include "infer/model_card.h"
#include "infer/task_head.h"
#include "vision/letterbox.h"

namespace ocelli::infer {

using Detections = std::vector<Detection>;
using DetectionHead = TaskHead<Detections>;

/// The head for the card's layout. `invalid` when the card is not of a detection model.
base::Result<std::unique_ptr<DetectionHead>> make_detection_head(const ModelCard& card);

struct DetectionHeadConfig {
  int class_count = 80;
  DetectionThresholds thresholds{};
  std::size_t max_detections = 300;
};
DetectionHeadConfig detection_head_config(const ModelCard& card);

/// Boxes of one run until they are detections: what all layouts share. Keeps its memory for the next run.
class DetectionCollector {
 public:
  explicit DetectionCollector(const DetectionHeadConfig& config) : config_(config) {}

  void clear() { candidates_.clear(); }
  /// `box` in canvas pixels; dropped unless it is finite and has an area.
  void add(const vision::PixelBox& box, float score, int class_id);
  /// Greedy non-maximum suppression within each class, by descending score (of equals, the first added wins); then
  /// boxes are mapped to the source and clipped to what the model saw.
  Detections finish(const vision::Letterbox& letterbox);

 private:
  struct Candidate {
    Detection detection;
    std::uint32_t number;  // in order of arrival
  };
  bool hidden(const Detection& detection) const;

  const DetectionHeadConfig config_;
  std::vector<Candidate> candidates_;
  std::vector<Detection> kept_;
};

}  // namespace ocelli::infer
