#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/batcher.h"
#include "infer/binding_pool.h"
#include "infer/tensor.h"
#include "vision/letterbox.h"

namespace ocelli::infer {

/// What one run of a model left of a picture: its output tensors, in the memory that is bound to it, and which part of
/// the picture the model saw. The session outlives it. Move-only.
class ModelOutput {
 public:
  /// Holds that memory: others get it when this goes.
  ModelOutput(BindingLease binding, const vision::Letterbox& letterbox)
      : binding_(std::move(binding)), letterbox_(letterbox) {}
  /// Holds its place in the batch.
  ModelOutput(Batcher::Place place, const vision::Letterbox& letterbox)
      : place_(std::move(place)), letterbox_(letterbox) {}

  /// Of an output whose type is float32.
  std::span<const float> floats(std::size_t index) const {
    const auto all = memory(index);
    return {reinterpret_cast<const float*>(all.data()), all.size() / sizeof(float)};
  }
  /// Of an output whose type is uint8.
  std::span<const std::uint8_t> bytes(std::size_t index) const {
    const auto all = memory(index);
    return {reinterpret_cast<const std::uint8_t*>(all.data()), all.size()};
  }
  const vision::Letterbox& letterbox() const { return letterbox_; }

 private:
  /// Of one picture.
  std::span<const std::byte> memory(std::size_t index) const;

  std::optional<BindingLease> binding_;  // or:
  std::optional<Batcher::Place> place_;
  vision::Letterbox letterbox_;
};

/// Which of the model's outputs has this name; the only one if `name` is empty. `invalid` says which there are.
base::Result<std::size_t> find_output(const Session& session, const std::string& name);

/// "model <name> does not fit its card: it has <found>, the card says <expected>".
base::Error misfit(const std::string& model, const std::string& found, const std::string& expected);

}  // namespace ocelli::infer
