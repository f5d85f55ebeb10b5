#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "infer/detection_head.h"

namespace ocelli::infer {

/// Adds the boxes of a raw YOLOX-layout output to `collector` (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", §2;
/// anchor-free). One row of 5 + class_count values for each cell of the grids with strides 8, 16 and 32, row by row:
/// centre as an offset from the cell in strides, logarithm of the size in strides, probability of an object, then of
/// each class. A cell's score is the product of the two, for its best class. Survives any values. `corrupt` when the
/// size of `output` does not fit.
base::Status decode_yolox(std::span<const float> output, int canvas_width, int canvas_height,
                          const DetectionHeadConfig& config, DetectionCollector& collector);

std::unique_ptr<DetectionHead> make_yolox_head(const ModelCard& card);

}  // namespace ocelli::infer
