#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/tensor.h"
#include "vision/letterbox.h"

namespace ocelli::infer {

/// What one run of a model left: its output tensors, in the memory that is bound to it, and which part of the picture
/// the model saw. Valid until the next run of the same binding.
class ModelOutput {
 public:
  ModelOutput(const Binding& binding, const vision::Letterbox& letterbox)
      : binding_(&binding), letterbox_(&letterbox) {}

  const TensorBuffer& tensor(std::size_t index) const { return binding_->output(index); }
  /// Of an output whose type is float32.
  std::span<const float> floats(std::size_t index) const {
    return {static_cast<const float*>(tensor(index).data()), tensor(index).bytes() / sizeof(float)};
  }
  /// Of an output whose type is uint8.
  std::span<const std::uint8_t> bytes(std::size_t index) const {
    return {static_cast<const std::uint8_t*>(tensor(index).data()), tensor(index).bytes()};
  }
  const vision::Letterbox& letterbox() const { return *letterbox_; }

 private:
  const Binding* binding_;
  const vision::Letterbox* letterbox_;
};

/// Which of the model's outputs has this name; the only one if `name` is empty. `invalid` says which there are.
base::Result<std::size_t> find_output(const Session& session, const std::string& name);

/// "model <name> does not fit its card: it has <found>, the card says <expected>".
base::Error misfit(const std::string& model, const std::string& found, const std::string& expected);

}  // namespace ocelli::infer
