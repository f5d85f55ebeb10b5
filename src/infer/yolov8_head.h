#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"
#include "infer/detection_head.h"

namespace ocelli::infer {

/// Adds the boxes of a YOLOv8-layout output to `collector`: `output` has (4 + class_count) rows of `anchor_count`
/// values. Each anchor gives its best class if that reaches the score threshold. Survives any values. `corrupt` when
/// the size of `output` does not fit.
base::Status decode_yolov8(std::span<const float> output, std::size_t anchor_count, const DetectionHeadConfig& config,
                           DetectionCollector& collector);

std::unique_ptr<DetectionHead> make_yolov8_head(const ModelCard& card);

}  // namespace ocelli::infer
