#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ocelli::base {

/// Collects timed spans and writes them in the Chrome trace event format (JSON), which Perfetto and chrome://tracing
/// show. Bounded: past `capacity` spans the newest are dropped and counted. Thread-safe.
class Tracer {
 public:
  explicit Tracer(std::size_t capacity = 1'000'000);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  Status write(const std::string& path) const;

 private:
  friend class TraceSpan;
  struct Spans;
  void record(const char* name, std::chrono::steady_clock::time_point begin) noexcept;
  std::unique_ptr<Spans> spans_;
};

/// Times its own scope. With a null tracer it is one comparison: no clock is read. `name` must be a literal.
/// Reads the machine's own clock, since it measures the machine.
class TraceSpan {
 public:
  TraceSpan(Tracer* tracer, const char* name) : tracer_(tracer), name_(name) {
    if (tracer_ != nullptr) begin_ = std::chrono::steady_clock::now();
  }
  ~TraceSpan() {
    if (tracer_ != nullptr) tracer_->record(name_, begin_);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Tracer* tracer_;
  const char* name_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace ocelli::base
