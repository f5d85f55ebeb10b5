#include "base/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ocelli::base {

void bound_memory_arenas() {
#ifdef __GLIBC__
  constexpr int kArenas = 2;
  mallopt(M_ARENA_MAX, kArenas);
#endif
}

}  // namespace ocelli::base
