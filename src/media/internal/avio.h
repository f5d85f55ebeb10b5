#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "media/byte_reader.h"
#include "media/internal/interrupt.h"

namespace ocelli::media::internal {

/// A ByteReader as FFmpeg sees it. Owns the reader; `interrupt` outlives it. Outlives the AVFormatContext that reads
/// from it.
class Avio {
 public:
  static base::Result<std::unique_ptr<Avio>> create(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt);
  ~Avio();
  Avio(const Avio&) = delete;
  Avio& operator=(const Avio&) = delete;

  AVIOContext* context() const { return context_; }
  /// What the reader said when it last failed, its end apart: FFmpeg's error numbers hold no words.
  const std::optional<base::Error>& failure() const { return failure_; }

 private:
  Avio(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt)
      : reader_(std::move(reader)), interrupt_(interrupt) {}
  static int read(void* self, std::uint8_t* into, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  const std::unique_ptr<ByteReader> reader_;
  const Interrupt& interrupt_;
  AVIOContext* context_ = nullptr;
  std::uint64_t position_ = 0;
  std::optional<base::Error> failure_;
};

}  // namespace ocelli::media::internal
