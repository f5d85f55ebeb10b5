#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "infer/backend.h"

namespace ocelli::infer::testing {

/// A model that always gives the same: one input, float32[1,3,side,side], one float32 output "output0". Its runs and
/// its bindings allocate nothing but their tensors.
class CannedSession final : public Session {
 public:
  CannedSession(int side, std::vector<std::int64_t> shape, std::vector<float> values)
      : inputs_{{"images", ElementType::float32, {1, 3, side, side}}},
        outputs_{{"output0", ElementType::float32, std::move(shape)}},
        values_(std::move(values)) {
    values_.resize(outputs_[0].element_count());
  }

  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override {
    OC_TRY(auto input, TensorBuffer::allocate(inputs_[0].bytes()));
    OC_TRY(auto output, TensorBuffer::allocate(outputs_[0].bytes()));
    return std::unique_ptr<Binding>(std::make_unique<CannedBinding>(std::move(input), std::move(output)));
  }
  base::Status run(Binding& binding) override {
    auto* const output = static_cast<float*>(static_cast<CannedBinding&>(binding).output_.data());
    std::copy(values_.begin(), values_.end(), output);
    return {};
  }

 private:
  class CannedBinding final : public Binding {
   public:
    CannedBinding(TensorBuffer input, TensorBuffer output) : input_(std::move(input)), output_(std::move(output)) {}
    TensorBuffer& input(std::size_t /*index*/) override { return input_; }
    const TensorBuffer& output(std::size_t /*index*/) const override { return output_; }

   private:
    friend class CannedSession;
    TensorBuffer input_;
    TensorBuffer output_;
  };

  const std::vector<TensorSpec> inputs_;
  const std::vector<TensorSpec> outputs_;
  std::vector<float> values_;
};

}  // namespace ocelli::infer::testing
