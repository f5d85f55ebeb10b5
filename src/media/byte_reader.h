#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace ocelli::media {

/// Where an input's bytes come from when FFmpeg does not fetch them itself: memory, a file, a pipe, a request's body.
/// One thread at a time. Every wait is bounded by `at_most` and ended by `stop`.
class ByteReader {
 public:
  virtual ~ByteReader() = default;

  /// At least one byte into `into`, which is not empty; how many. Ends with end_of_stream; timeout when nothing came
  /// within `at_most`; cancelled; unavailable when the source broke off.
  virtual base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                         const std::stop_token& stop) = 0;
  /// The next read begins `position` bytes after the first. `unsupported` where size() is unknown.
  virtual base::Status seek(std::uint64_t position);
  /// Known exactly where seek() works.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

/// Bytes that are all there.
class MemoryReader final : public ByteReader {
 public:
  explicit MemoryReader(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) override;
  base::Status seek(std::uint64_t position) override;
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  const std::vector<std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

/// Some bytes that were read already, then the rest of the reader they came from. Cannot seek.
class PrefixedReader final : public ByteReader {
 public:
  PrefixedReader(std::vector<std::uint8_t> prefix, std::unique_ptr<ByteReader> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) override;

 private:
  MemoryReader prefix_;
  std::unique_ptr<ByteReader> rest_;
};

/// A regular file (can seek), a FIFO or standard input as "-". A FIFO waits for its writer in read(), not here. Fails
/// with not_found, unavailable, unsupported (neither of these), corrupt (an empty file).
base::Result<std::unique_ptr<ByteReader>> open_byte_reader(const std::string& path);

/// Bytes that one thread brings and another reads, such as the body of a request that is still coming in. Thread-safe;
/// holds `capacity` bytes at most: a producer that is ahead waits. Shared by the producer and the reader's owner.
class ByteQueue {
 public:
  explicit ByteQueue(std::size_t capacity);

  /// All of `bytes`. `timeout` when the reader made no room within `at_most`, `cancelled` on a stop request or when the
  /// reader is gone: some of the bytes may have been taken then, so the transfer is over.
  base::Status write(std::span<const std::uint8_t> bytes, std::chrono::milliseconds at_most,
                     const std::stop_token& stop) OC_EXCLUDES(mutex_);
  /// No more bytes: the reader ends with end_of_stream or, where the transfer broke off, with `reason`. Idempotent: the
  /// first call counts.
  void finish(base::Error reason = {base::Code::end_of_stream, "end of the bytes"}) OC_EXCLUDES(mutex_);
  std::size_t depth() const OC_EXCLUDES(mutex_);

  /// The one reader of `queue`; when it goes, write() ends with cancelled.
  static std::unique_ptr<ByteReader> reader_of(std::shared_ptr<ByteQueue> queue);

 private:
  class Reader;
  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) OC_EXCLUDES(mutex_);
  void abandon() OC_EXCLUDES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::uint8_t> ring_ OC_GUARDED_BY(mutex_);
  std::size_t begin_ OC_GUARDED_BY(mutex_) = 0;
  std::size_t filled_ OC_GUARDED_BY(mutex_) = 0;
  std::optional<base::Error> end_ OC_GUARDED_BY(mutex_);
  bool abandoned_ OC_GUARDED_BY(mutex_) = false;
};

}  // namespace ocelli::media
