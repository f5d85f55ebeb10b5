#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "infer/detection.h"
#include "infer/model_card.h"
#include "vision/letterbox.h"

namespace ocelli::infer {

/// Raw model output → detections. Works on outside bytes: any float, also NaN and infinity, is survived and such boxes
/// are dropped.
struct HeadConfig {
  int class_count = 80;
  DetectionThresholds thresholds;
  int max_detections = 300;
};

/// Decodes a YOLOv8-layout output: `output` has (4 + class_count) rows of `anchor_count` values. Keeps for each anchor
/// its best class if it reaches the score threshold, then class-aware non-maximum suppression: greedy by descending
/// score (ties by anchor number, so that the result is deterministic). Boxes are clipped to the source picture.
/// `corrupt` when the size of `output` does not fit.
base::Result<std::vector<Detection>> decode_yolov8(std::span<const float> output, std::size_t anchor_count,
                                                   const HeadConfig& config, const vision::Letterbox& letterbox,
                                                   int picture_width, int picture_height);

/// Greedy non-maximum suppression within each class; `detections` come back ordered by descending score.
std::vector<Detection> suppress_non_maxima(std::vector<Detection> detections, float max_iou, std::size_t max_count);

}  // namespace ocelli::infer
