#include "infer/yolov8_head.h"

#include <algorithm>
#include <array>
#include <string>

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

class Yolov8Head final : public DetectionHead {
 public:
  explicit Yolov8Head(const ModelCard& card)
      : name_(card.name), tensor_(card.output_tensor), config_(detection_head_config(card)), collector_(config_) {}

  base::Status attach(const Session& session) override {
    OC_TRY(index_, find_output(session, tensor_));
    const TensorSpec& output = session.outputs()[index_];
    const auto rows = static_cast<std::int64_t>(kBoxRows) + config_.class_count;
    if (output.shape.size() != 3 || output.shape[1] != rows || output.shape[2] < 1 ||
        output.type != ElementType::float32) {
      return misfit(
          name_, "output " + output.to_string(),
          "float32[1," + std::to_string(rows) + ",anchors] for " + std::to_string(config_.class_count) + " labels");
    }
    anchor_count_ = static_cast<std::size_t>(output.shape[2]);
    return {};
  }

  base::Result<Detections> decode(const ModelOutput& output) override {
    collector_.clear();
    OC_TRY_STATUS(decode_yolov8(output.floats(index_), anchor_count_, config_, collector_));
    return collector_.finish(output.letterbox());
  }

 private:
  const std::string name_;
  const std::string tensor_;
  const DetectionHeadConfig config_;
  DetectionCollector collector_;
  std::size_t index_ = 0;
  std::size_t anchor_count_ = 0;
};

}  // namespace

base::Status decode_yolov8(std::span<const float> output, std::size_t anchor_count, const DetectionHeadConfig& config,
                           DetectionCollector& collector) {
  const std::size_t rows = kBoxRows + static_cast<std::size_t>(config.class_count);
  if (output.size() != rows * anchor_count) {
    return base::Error(base::Code::corrupt, "the model gave " + std::to_string(output.size()) + " values instead of " +
                                                std::to_string(rows) + " x " + std::to_string(anchor_count));
  }
  BestClasses best;
  for (std::size_t first = 0; first < anchor_count; first += kBlock) {
    const std::size_t count = std::min(kBlock, anchor_count - first);
    find_best_classes(output, anchor_count, config.class_count, first, count, best);
    for (std::size_t i = 0; i < count; ++i) {
      if (!(best.score[i] >= config.thresholds.score) || best.score[i] > 1) continue;
      collector.add(box_at(output, anchor_count, first + i), best.score[i], best.class_id[i]);
    }
  }
  return {};
}

std::unique_ptr<DetectionHead> make_yolov8_head(const ModelCard& card) {
  return std::make_unique<Yolov8Head>(card);
}

}  // namespace ocelli::infer
