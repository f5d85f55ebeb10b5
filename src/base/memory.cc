#include "base/memory.h"

#include <atomic>
#include <chrono>
#include <cstdlib>  // says whether this is glibc

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ocelli::base {

void bound_memory() {
#ifdef __GLIBC__
  constexpr int kArenas = 2;
  constexpr int kOwnPagesFrom = 32 * 1024;
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kOwnPagesFrom);
#endif
}

void release_free_memory() {
#ifdef __GLIBC__
  using Clock = std::chrono::steady_clock;  // of the machine, whose memory it is
  static std::atomic<Clock::duration::rep> last{0};
  auto before = last.load();
  const auto now = Clock::now().time_since_epoch().count();
  if (Clock::duration(now - before) < std::chrono::seconds(1)) return;
  if (last.compare_exchange_strong(before, now)) malloc_trim(0);
#endif
}

}  // namespace ocelli::base
