#include "infer/detection_head.h"

#include <algorithm>
#include <cmath>

#include "infer/yolov8_head.h"
#include "infer/yolox_head.h"

namespace ocelli::infer {
namespace {

bool usable(const vision::PixelBox& box) {
  return std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right()) &&
         std::isfinite(box.bottom()) && box.width > 0 && box.height > 0;
}

}  // namespace

base::Result<std::unique_ptr<DetectionHead>> make_detection_head(const ModelCard& card) {
  switch (card.layout) {
    case OutputLayout::yolov8:
      return make_yolov8_head(card);
    case OutputLayout::yolox:
      return make_yolox_head(card);
    default:
      return wrong_task(card, Task::detection);
  }
}

DetectionHeadConfig detection_head_config(const ModelCard& card) {
  return {.class_count = static_cast<int>(card.labels.size()), .thresholds = card.thresholds};
}

void DetectionCollector::add(const vision::PixelBox& box, float score, int class_id) {
  if (!usable(box)) return;
  candidates_.push_back({{box, score, class_id}, static_cast<std::uint32_t>(candidates_.size())});
}

bool DetectionCollector::hidden(const Detection& detection) const {
  return std::any_of(kept_.begin(), kept_.end(), [&](const Detection& winner) {
    return winner.class_id == detection.class_id && vision::iou(winner.box, detection.box) > config_.thresholds.nms_iou;
  });
}

Detections DetectionCollector::finish(const vision::Letterbox& letterbox) {
  // By number within a score, so that the result is deterministic; std::stable_sort would allocate.
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.detection.score != b.detection.score ? a.detection.score > b.detection.score : a.number < b.number;
  });
  kept_.clear();
  for (const auto& candidate : candidates_) {
    if (kept_.size() == config_.max_detections) break;
    if (!hidden(candidate.detection)) kept_.push_back(candidate.detection);
  }
  Detections detections;
  detections.reserve(kept_.size());
  for (const auto& kept : kept_) {
    const Detection mapped{vision::clip(letterbox.to_source(kept.box), letterbox.source), kept.score, kept.class_id};
    if (usable(mapped.box)) detections.push_back(mapped);
  }
  return detections;
}

}  // namespace ocelli::infer
