#include "infer/detection_head.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ocelli::infer {
namespace {

constexpr std::size_t kBoxRows = 4;
// Anchors are taken in blocks that stay in the first-level cache while all class rows pass over them.
constexpr std::size_t kBlock = 512;

struct BestClasses {
  std::array<float, kBlock> score;
  std::array<int, kBlock> class_id;
};

/// For `count` anchors from `first`: the highest score over all classes, and the first class that has it. NaN never
/// wins.
void find_best_classes(std::span<const float> output, std::size_t anchor_count, int class_count, std::size_t first,
                       std::size_t count, BestClasses& best) {
  best.score.fill(0);
  best.class_id.fill(0);
  for (int class_id = 0; class_id < class_count; ++class_id) {
    const float* row = output.data() + (kBoxRows + static_cast<std::size_t>(class_id)) * anchor_count + first;
    for (std::size_t i = 0; i < count; ++i) {
      const bool better = row[i] > best.score[i];
      best.score[i] = better ? row[i] : best.score[i];
      best.class_id[i] = better ? class_id : best.class_id[i];
    }
  }
}

vision::PixelBox box_at(std::span<const float> output, std::size_t anchor_count, std::size_t anchor) {
  const float center_x = output[anchor];
  const float center_y = output[anchor_count + anchor];
  const float width = output[2 * anchor_count + anchor];
  const float height = output[3 * anchor_count + anchor];
  return {center_x - width / 2, center_y - height / 2, width, height};
}

bool usable(const vision::PixelBox& box) {
  return std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right()) &&
         std::isfinite(box.bottom()) && box.width > 0 && box.height > 0;
}

}  // namespace

base::Result<std::vector<Detection>> decode_yolov8(std::span<const float> output, std::size_t anchor_count,
                                                   const HeadConfig& config, const vision::Letterbox& letterbox,
                                                   int picture_width, int picture_height) {
  const std::size_t rows = kBoxRows + static_cast<std::size_t>(config.class_count);
  if (output.size() != rows * anchor_count) {
    return base::Error(base::Code::corrupt, "the model gave " + std::to_string(output.size()) + " values instead of " +
                                                std::to_string(rows) + " x " + std::to_string(anchor_count));
  }
  std::vector<Detection> candidates;
  BestClasses best;
  for (std::size_t first = 0; first < anchor_count; first += kBlock) {
    const std::size_t count = std::min(kBlock, anchor_count - first);
    find_best_classes(output, anchor_count, config.class_count, first, count, best);
    for (std::size_t i = 0; i < count; ++i) {
      if (!(best.score[i] >= config.thresholds.score) || best.score[i] > 1) continue;
      const auto box = box_at(output, anchor_count, first + i);
      if (usable(box)) candidates.push_back({box, best.score[i], best.class_id[i]});
    }
  }
  auto kept = suppress_non_maxima(std::move(candidates), config.thresholds.nms_iou,
                                  static_cast<std::size_t>(config.max_detections));
  std::vector<Detection> detections;
  detections.reserve(kept.size());
  for (auto& detection : kept) {
    detection.box = vision::clip(letterbox.to_source(detection.box), picture_width, picture_height);
    if (usable(detection.box)) detections.push_back(detection);
  }
  return detections;
}

std::vector<Detection> suppress_non_maxima(std::vector<Detection> detections, float max_iou, std::size_t max_count) {
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  std::vector<Detection> kept;
  for (const auto& candidate : detections) {
    if (kept.size() == max_count) break;
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](const Detection& winner) {
      return winner.class_id == candidate.class_id && vision::iou(winner.box, candidate.box) > max_iou;
    });
    if (!hidden) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace ocelli::infer
