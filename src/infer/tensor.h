#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ocelli::infer {

enum class ElementType { float32, float16, uint8, int8, int32, int64 };
std::size_t element_bytes(ElementType type);
std::string_view element_name(ElementType type);

/// Name, type and shape of one model input or output.
struct TensorSpec {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;  ///< -1 where the model leaves it open

  /// Product of the dimensions, open ones counting 1.
  std::size_t element_count() const;
  std::size_t bytes() const { return element_count() * element_bytes(type); }
  /// "images float32[?,3,640,640]".
  std::string to_string() const;
};

/// 64-byte aligned memory that kernels write to and models read from without a copy. Move-only.
class TensorBuffer {
 public:
  static base::Result<TensorBuffer> allocate(std::size_t bytes);
  TensorBuffer(TensorBuffer&&) noexcept = default;
  TensorBuffer& operator=(TensorBuffer&&) noexcept = default;

  void* data() { return memory_.get(); }
  const void* data() const { return memory_.get(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  TensorBuffer(std::unique_ptr<void, Free> memory, std::size_t bytes) : memory_(std::move(memory)), bytes_(bytes) {}

  std::unique_ptr<void, Free> memory_;
  std::size_t bytes_;
};

}  // namespace ocelli::infer
