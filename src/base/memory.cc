#include "base/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ocelli::base {

void bound_memory() {
#ifdef __GLIBC__
  constexpr int kArenas = 2;
  constexpr int kOwnPagesFrom = 128 * 1024;
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kOwnPagesFrom);
#endif
}

}  // namespace ocelli::base
