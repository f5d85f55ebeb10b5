#include "base/memory.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>  // says whether this is glibc
#include <cstring>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

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

Status bound_growth(std::uint64_t bytes) {
  // proc(5): size, resident, shared, text, lib (0), data and stack, all in pages.
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int column = 0; column < 6; ++column) statm >> pages;
  if (!statm) return Error(Code::unavailable, "cannot read /proc/self/statm to bound the memory");
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  const rlim_t wanted = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) {
    return Error(Code::unavailable, std::string("cannot bound the memory: ") + std::strerror(errno));
  }
  return {};
}

}  // namespace ocelli::base
