#include "media/internal/avio.h"

#include <cerrno>
#include <span>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

namespace ocelli::media::internal {
namespace {

// What FFmpeg's own file protocol uses.
constexpr int kBufferBytes = 32 * 1024;

int number_of(base::Code code) {
  switch (code) {
    case base::Code::end_of_stream:
      return AVERROR_EOF;
    case base::Code::cancelled:
      return AVERROR_EXIT;
    case base::Code::timeout:
      return AVERROR(ETIMEDOUT);
    default:
      return AVERROR(EIO);
  }
}

}  // namespace

base::Result<std::unique_ptr<Avio>> Avio::create(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt) {
  std::unique_ptr<Avio> avio(new Avio(std::move(reader), interrupt));
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  const bool can_seek = avio->reader_->size().has_value();
  if (buffer != nullptr) {
    avio->context_ =
        avio_alloc_context(buffer, kBufferBytes, 0, avio.get(), &Avio::read, nullptr, can_seek ? &Avio::seek : nullptr);
  }
  if (avio->context_ == nullptr) {
    av_free(buffer);
    return base::Error(base::Code::exhausted, "out of memory");
  }
  return avio;
}

Avio::~Avio() {
  if (context_ == nullptr) return;
  av_free(context_->buffer);  // FFmpeg may have replaced ours
  avio_context_free(&context_);
}

int Avio::read(void* self, std::uint8_t* into, int size) {
  auto* avio = static_cast<Avio*>(self);
  const auto count = avio->reader_->read({into, static_cast<std::size_t>(size)}, avio->interrupt_.remaining(),
                                         avio->interrupt_.stop());
  if (!count) {
    if (count.error().code() != base::Code::end_of_stream) avio->failure_ = count.error();
    return number_of(count.error().code());
  }
  avio->position_ += *count;
  return static_cast<int>(*count);
}

std::int64_t Avio::seek(void* self, std::int64_t offset, int whence) {
  auto* avio = static_cast<Avio*>(self);
  const auto size = static_cast<std::int64_t>(avio->reader_->size().value_or(0));
  // AVSEEK_FORCE may be or-ed in; it has no meaning here.
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += static_cast<std::int64_t>(avio->position_);
      break;
    case SEEK_END:
      offset += size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0 || !avio->reader_->seek(static_cast<std::uint64_t>(offset))) return AVERROR(EINVAL);
  avio->position_ = static_cast<std::uint64_t>(offset);
  return offset;
}

}  // namespace ocelli::media::internal
