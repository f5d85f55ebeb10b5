#include "infer/embedding_head.h"

#include <cmath>
#include <numeric>
#include <string>

namespace ocelli::infer {
namespace {

class CardEmbeddingHead final : public EmbeddingHead {
 public:
  explicit CardEmbeddingHead(const ModelCard& card) : name_(card.name), tensor_(card.output_tensor) {}

  base::Status attach(const Session& session) override {
    OC_TRY(index_, find_output(session, tensor_));
    const TensorSpec& output = session.outputs()[index_];
    if (output.type == ElementType::float32 && output.shape.size() >= 2) return {};
    return misfit(name_, "output " + output.to_string(), "float32[1,length]");
  }

  base::Result<Embedding> decode(const ModelOutput& output) override { return normalise(output.floats(index_)); }

 private:
  const std::string name_;
  const std::string tensor_;
  std::size_t index_ = 0;
};

}  // namespace

float cosine(const Embedding& a, const Embedding& b) {
  if (a.values.size() != b.values.size()) return 0;
  return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.F);
}

base::Result<Embedding> normalise(std::span<const float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  const double length = std::sqrt(squares);
  if (!std::isfinite(length) || length < 1e-12) {
    return base::Error(base::Code::corrupt, "the model gave a vector without a direction");
  }
  Embedding embedding;
  embedding.values.reserve(values.size());
  for (const float value : values) embedding.values.push_back(static_cast<float>(static_cast<double>(value) / length));
  return embedding;
}

base::Result<std::unique_ptr<EmbeddingHead>> make_embedding_head(const ModelCard& card) {
  if (card.task != Task::reid) return wrong_task(card, Task::reid);
  return std::unique_ptr<EmbeddingHead>(std::make_unique<CardEmbeddingHead>(card));
}

}  // namespace ocelli::infer
