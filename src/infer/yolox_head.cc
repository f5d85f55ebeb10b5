#include "infer/yolox_head.h"

#include <array>
#include <cmath>
#include <string>

namespace ocelli::infer {
namespace {

constexpr std::array<int, 3> kStrides{8, 16, 32};
constexpr std::size_t kObject = 4;      // column of the probability of an object
constexpr std::size_t kFirstClass = 5;  // and of the first class

std::size_t cells_of(int canvas_width, int canvas_height) {
  std::size_t cells = 0;
  for (const int stride : kStrides) {
    cells += static_cast<std::size_t>(canvas_width / stride) * static_cast<std::size_t>(canvas_height / stride);
  }
  return cells;
}

bool is_probability(float value) {
  return value >= 0 && value <= 1;  // not NaN
}

struct Cell {
  int column;
  int row;
  int stride;
};

// Most cells hold nothing: the classes of those are not looked at.
void add_cell(std::span<const float> values, const Cell& cell, const DetectionHeadConfig& config,
              DetectionCollector& collector) {
  const float object = values[kObject];
  if (!is_probability(object) || object < config.thresholds.score) return;
  float best = 0;
  int class_id = 0;
  for (int candidate = 0; candidate < config.class_count; ++candidate) {
    const float probability = values[kFirstClass + static_cast<std::size_t>(candidate)];
    if (!(probability > best)) continue;
    best = probability;
    class_id = candidate;
  }
  const float score = object * best;
  if (!is_probability(best) || score < config.thresholds.score) return;
  const auto stride = static_cast<float>(cell.stride);
  const float center_x = (values[0] + static_cast<float>(cell.column)) * stride;
  const float center_y = (values[1] + static_cast<float>(cell.row)) * stride;
  const float width = std::exp(values[2]) * stride;
  const float height = std::exp(values[3]) * stride;
  collector.add({center_x - width / 2, center_y - height / 2, width, height}, score, class_id);
}

class YoloxHead final : public DetectionHead {
 public:
  explicit YoloxHead(const ModelCard& card)
      : name_(card.name),
        tensor_(card.output_tensor),
        width_(card.input.width),
        height_(card.input.height),
        config_(detection_head_config(card)),
        collector_(config_) {}

  base::Status attach(const Session& session) override {
    OC_TRY(index_, find_output(session, tensor_));
    const TensorSpec& output = session.outputs()[index_];
    const auto cells = static_cast<std::int64_t>(cells_of(width_, height_));
    const auto columns = static_cast<std::int64_t>(kFirstClass) + config_.class_count;
    if (output.shape.size() == 3 && output.shape[1] == cells && output.shape[2] == columns &&
        output.type == ElementType::float32) {
      return {};
    }
    return misfit(name_, "output " + output.to_string(),
                  "float32[1," + std::to_string(cells) + "," + std::to_string(columns) + "] for " +
                      std::to_string(config_.class_count) + " labels");
  }

  base::Result<Detections> decode(const ModelOutput& output) override {
    collector_.clear();
    OC_TRY_STATUS(decode_yolox(output.floats(index_), width_, height_, config_, collector_));
    return collector_.finish(output.letterbox());
  }

 private:
  const std::string name_;
  const std::string tensor_;
  const int width_;
  const int height_;
  const DetectionHeadConfig config_;
  DetectionCollector collector_;
  std::size_t index_ = 0;
};

}  // namespace

base::Status decode_yolox(std::span<const float> output, int canvas_width, int canvas_height,
                          const DetectionHeadConfig& config, DetectionCollector& collector) {
  const std::size_t columns = kFirstClass + static_cast<std::size_t>(config.class_count);
  const std::size_t cells = cells_of(canvas_width, canvas_height);
  if (output.size() != cells * columns) {
    return base::Error(base::Code::corrupt, "the model gave " + std::to_string(output.size()) + " values instead of " +
                                                std::to_string(cells) + " x " + std::to_string(columns));
  }
  std::size_t first = 0;
  for (const int stride : kStrides) {
    for (int row = 0; row < canvas_height / stride; ++row) {
      for (int column = 0; column < canvas_width / stride; ++column, first += columns) {
        add_cell(output.subspan(first, columns), {column, row, stride}, config, collector);
      }
    }
  }
  return {};
}

std::unique_ptr<DetectionHead> make_yolox_head(const ModelCard& card) {
  return std::make_unique<YoloxHead>(card);
}

}  // namespace ocelli::infer
