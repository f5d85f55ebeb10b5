#include "infer/tensor.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace ocelli::infer {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

}  // namespace

std::size_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::float32:
    case ElementType::int32:
      return 4;
    case ElementType::float16:
      return 2;
    case ElementType::uint8:
    case ElementType::int8:
      return 1;
    case ElementType::int64:
      return 8;
  }
  return 0;
}

std::string_view element_name(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "float32";
    case ElementType::float16:
      return "float16";
    case ElementType::uint8:
      return "uint8";
    case ElementType::int8:
      return "int8";
    case ElementType::int32:
      return "int32";
    case ElementType::int64:
      return "int64";
  }
  return "?";
}

std::size_t TensorSpec::element_count() const {
  std::size_t count = 1;
  for (const auto dimension : shape) count *= dimension < 0 ? 1 : static_cast<std::size_t>(dimension);
  return count;
}

std::string TensorSpec::to_string() const {
  std::string text = name + " " + std::string(element_name(type)) + "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ",") + (shape[i] < 0 ? std::string("?") : std::to_string(shape[i]));
  }
  return text + "]";
}

void TensorBuffer::Free::operator()(void* memory) const {
  std::free(memory);
}

base::Result<TensorBuffer> TensorBuffer::allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::unique_ptr<void, Free> memory(std::aligned_alloc(kAlignment, rounded == 0 ? kAlignment : rounded));
  if (!memory)
    return base::Error(base::Code::exhausted, "out of memory: a tensor needs " + std::to_string(bytes) + " bytes");
  std::memset(memory.get(), 0, rounded);
  return TensorBuffer(std::move(memory), bytes);
}

}  // namespace ocelli::infer
