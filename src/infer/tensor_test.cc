#include "infer/tensor.h"

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

TEST(TensorBuffer, IsAlignedAndZeroed) {
  for (const std::size_t bytes : {0U, 1U, 63U, 64U, 1000U}) {
    auto buffer = TensorBuffer::allocate(bytes);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer->data()) % 64, 0U);
    EXPECT_EQ(buffer->bytes(), bytes);
    for (std::size_t i = 0; i < bytes; ++i) EXPECT_EQ(static_cast<const char*>(buffer->data())[i], 0);
  }
}

TEST(TensorSpec, CountsOpenDimensionsAsOne) {
  const TensorSpec spec{"images", ElementType::float16, {-1, 3, 4, 5}};
  EXPECT_EQ(spec.element_count(), 60U);
  EXPECT_EQ(spec.bytes(), 120U);
  EXPECT_EQ(spec.to_string(), "images float16[?,3,4,5]");
}

}  // namespace
}  // namespace ocelli::infer
