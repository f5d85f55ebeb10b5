#include "infer/classification_head.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace ocelli::infer {
namespace {

class CardClassificationHead final : public ClassificationHead {
 public:
  CardClassificationHead(const ModelCard& card, std::size_t count)
      : name_(card.name),
        tensor_(card.output_tensor),
        layout_(card.layout),
        scale_(card.output_scale),
        count_(count),
        values_(card.labels.size()) {}

  base::Status attach(const Session& session) override {
    OC_TRY(index_, find_output(session, tensor_));
    const TensorSpec& output = session.outputs()[index_];
    type_ = output.type;
    const bool readable = type_ == ElementType::float32 || type_ == ElementType::uint8;
    if (readable && output.shape.size() >= 2 && output.element_count() == values_.size()) return {};
    return misfit(
        name_, "output " + output.to_string(),
        "float32[1," + std::to_string(values_.size()) + "] or uint8 for " + std::to_string(values_.size()) + " labels");
  }

  base::Result<Classification> decode(const ModelOutput& output) override {
    const auto scaled = [scale = scale_](auto value) { return static_cast<float>(value) * scale; };
    if (type_ == ElementType::uint8) {
      const auto bytes = output.bytes(index_);
      std::transform(bytes.begin(), bytes.end(), values_.begin(), scaled);
    } else {
      const auto floats = output.floats(index_);
      std::transform(floats.begin(), floats.end(), values_.begin(), scaled);
    }
    if (layout_ == OutputLayout::logits) softmax(values_);
    return best_classes(values_, count_, order_);
  }

 private:
  const std::string name_;
  const std::string tensor_;
  const OutputLayout layout_;
  const float scale_;
  const std::size_t count_;
  std::vector<float> values_;
  std::vector<int> order_;
  std::size_t index_ = 0;
  ElementType type_ = ElementType::float32;
};

}  // namespace

void softmax(std::vector<float>& values) {
  if (values.empty()) return;
  const float greatest = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - greatest);
  for (float& value : values) value /= sum;
}

base::Result<Classification> best_classes(const std::vector<float>& values, std::size_t count,
                                          std::vector<int>& scratch) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    return base::Error(base::Code::corrupt, "the model gave values that are not finite numbers");
  }
  scratch.resize(values.size());
  std::iota(scratch.begin(), scratch.end(), 0);
  const auto score = [&](int class_id) { return values[static_cast<std::size_t>(class_id)]; };
  const std::size_t wanted = std::min(count, values.size());
  std::partial_sort(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(wanted), scratch.end(),
                    [&](int a, int b) { return score(a) != score(b) ? score(a) > score(b) : a < b; });
  Classification best;
  best.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) best.push_back({scratch[i], score(scratch[i])});
  return best;
}

base::Result<std::unique_ptr<ClassificationHead>> make_classification_head(const ModelCard& card, std::size_t count) {
  if (card.task != Task::classification) return wrong_task(card, Task::classification);
  return std::unique_ptr<ClassificationHead>(std::make_unique<CardClassificationHead>(card, count));
}

}  // namespace ocelli::infer
