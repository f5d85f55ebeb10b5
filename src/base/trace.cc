#include "base/trace.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/mutex.h"

namespace ocelli::base {

struct Tracer::Spans {
  struct Span {
    const char* name;
    std::chrono::steady_clock::time_point begin;
    std::chrono::nanoseconds duration;
    int thread;

    std::string to_json() const {
      const std::chrono::duration<double, std::micro> start = begin.time_since_epoch();
      const std::chrono::duration<double, std::micro> length = duration;
      return fmt::format("\n{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}}}", name,
                         thread, start.count(), length.count());
    }
  };

  Mutex mutex;
  std::vector<Span> list OC_GUARDED_BY(mutex);
  std::uint64_t dropped OC_GUARDED_BY(mutex) = 0;
};

Tracer::Tracer(std::size_t capacity) : spans_(std::make_unique<Spans>()) {
  const MutexLock lock(spans_->mutex);
  spans_->list.reserve(capacity);
}

Tracer::~Tracer() = default;

void Tracer::record(const char* name, std::chrono::steady_clock::time_point begin) noexcept {
  const auto duration = std::chrono::steady_clock::now() - begin;
  const MutexLock lock(spans_->mutex);
  if (spans_->list.size() == spans_->list.capacity()) {
    ++spans_->dropped;
    return;
  }
  spans_->list.push_back({name, begin, duration, gettid()});
}

Status Tracer::write(const std::string& path) const {
  std::vector<Spans::Span> list;
  std::uint64_t dropped = 0;
  {
    const MutexLock lock(spans_->mutex);
    list = spans_->list;
    dropped = spans_->dropped;
  }
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Error(Code::unavailable, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  // std::fputs, since fmt::print would throw on a full disk.
  std::fputs(fmt::format("{{\"otherData\":{{\"dropped\":{}}},\"traceEvents\":[", dropped).c_str(), file);
  const char* separator = "";
  for (const auto& span : list) {
    std::fputs(separator, file);
    std::fputs(span.to_json().c_str(), file);
    separator = ",";
  }
  std::fputs("\n]}\n", file);
  const bool written = std::ferror(file) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return Error(Code::exhausted, "cannot write " + path + ": is the disk full?");
  return {};
}

}  // namespace ocelli::base
