#include "base/testing/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count{0};
}  // namespace

// GCC sees free() beside an operator new that it takes for its own, once the sanitizers keep it from inlining ours.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

// NOLINTBEGIN(cppcoreguidelines-no-malloc,misc-definitions-in-headers): they are the allocator
void* operator new(std::size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc,misc-definitions-in-headers)

namespace ocelli::base::testing {

std::size_t allocation_count() {
  return count.load(std::memory_order_relaxed);
}

}  // namespace ocelli::base::testing
