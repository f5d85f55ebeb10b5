#include "base/trace.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/mutex.h"

#include <fmt/format.h>

namespace ocelli::base {

struct Tracer::Spans {
  struct Span {
    const char* name;
    std::chrono::steady_clock::time_point begin;
    std::chrono::nanoseconds duration;
    int thread;
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
  const MutexLock lock(spans_->mutex);
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Error(Code::unavailable, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  fmt::print(file, "{{\"otherData\":{{\"dropped\":{}}},\"traceEvents\":[", spans_->dropped);
  const char* separator = "";
  for (const auto& span : spans_->list) {
    const std::chrono::duration<double, std::micro> begin = span.begin.time_since_epoch();
    const std::chrono::duration<double, std::micro> length = span.duration;
    fmt::print(file, "{}\n{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}}}", separator,
               span.name, span.thread, begin.count(), length.count());
    separator = ",";
  }
  fmt::print(file, "\n]}}\n");
  const bool written = std::ferror(file) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return Error(Code::exhausted, "cannot write " + path + ": is the disk full?");
  return {};
}

}  // namespace ocelli::base
