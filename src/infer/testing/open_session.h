#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "infer/backend.h"

namespace ocelli::infer::testing {

/// A model whose batch is open: input "images" float32[?,3,2,2], output "sum" float32[?,1], the sum of each picture.
/// `on_run` hears how many pictures a run has; an error of it is the run's.
class OpenSession final : public Session {
 public:
  using OnRun = std::function<base::Status(std::size_t pictures)>;
  explicit OpenSession(OnRun on_run) : on_run_(std::move(on_run)) {}

  static constexpr std::size_t kPictureFloats = 12;
  ProviderUse use;  ///< what it says that it runs on

  ProviderUse provider() const override { return use; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override {
    return base::Error(base::Code::unsupported, "only batches");
  }
  base::Status run(Binding& /*binding*/) override { return base::Error(base::Code::unsupported, "only batches"); }
  base::Result<std::unique_ptr<OpenBinding>> make_open_binding() override {
    return std::unique_ptr<OpenBinding>(std::make_unique<Batch>(on_run_));
  }

 private:
  class Batch final : public OpenBinding {
   public:
    explicit Batch(OnRun on_run) : on_run_(std::move(on_run)) {}
    base::Result<void*> shape_input(std::size_t /*index*/, std::span<const std::int64_t> shape) override {
      sums_.assign(static_cast<std::size_t>(shape[0]), 0);
      input_.resize(std::max(input_.size(), sums_.size() * kPictureFloats));
      return input_.data();
    }
    base::Status run() override {
      OC_TRY_STATUS(on_run_(sums_.size()));
      for (std::size_t i = 0; i < sums_.size() * kPictureFloats; ++i) sums_[i / kPictureFloats] += input_[i];
      output_ = {ElementType::float32, {static_cast<std::int64_t>(sums_.size()), 1}, sums_.data()};
      return {};
    }
    const TensorView& output(std::size_t /*index*/) const override { return output_; }

   private:
    const OnRun on_run_;
    std::vector<float> input_;
    std::vector<float> sums_;
    TensorView output_;
  };

  const OnRun on_run_;
  const std::vector<TensorSpec> inputs_{{"images", ElementType::float32, {-1, 3, 2, 2}}};
  const std::vector<TensorSpec> outputs_{{"sum", ElementType::float32, {-1, 1}}};
};

}  // namespace ocelli::infer::testing
