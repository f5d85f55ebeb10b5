#include "media/byte_reader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace ocelli::media {

using base::Code;
using base::Error;

base::Status ByteReader::seek(std::uint64_t /*position*/) {
  return Error(Code::unsupported, "these bytes come once and in order; it is not possible to go to a place in them");
}

base::Result<std::size_t> MemoryReader::read(std::span<std::uint8_t> into, std::chrono::milliseconds /*at_most*/,
                                             const std::stop_token& /*stop*/) {
  const std::size_t count = std::min(into.size(), bytes_.size() - position_);
  if (count == 0) return Error(Code::end_of_stream, "end of the bytes");
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, into.begin());
  position_ += count;
  return count;
}

base::Status MemoryReader::seek(std::uint64_t position) {
  if (position > bytes_.size()) return Error(Code::invalid, "there is nothing beyond the end of the bytes");
  position_ = static_cast<std::size_t>(position);
  return {};
}

base::Result<std::size_t> PrefixedReader::read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                               const std::stop_token& stop) {
  auto count = prefix_.read(into, at_most, stop);
  return count ? count : rest_->read(into, at_most, stop);
}

class ByteQueue::Reader final : public ByteReader {
 public:
  explicit Reader(std::shared_ptr<ByteQueue> queue) : queue_(std::move(queue)) {}
  ~Reader() override { queue_->abandon(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) override {
    return queue_->read(into, at_most, stop);
  }

 private:
  std::shared_ptr<ByteQueue> queue_;  // co-owned by the producer
};

ByteQueue::ByteQueue(std::size_t capacity) : ring_(capacity) {
  OC_CHECK(capacity > 0);
}

base::Status ByteQueue::write(std::span<const std::uint8_t> bytes, std::chrono::milliseconds at_most,
                              const std::stop_token& stop) {
  while (!bytes.empty()) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    {
      const base::MutexLock lock(mutex_);
      const auto may_go = [this]() OC_REQUIRES(mutex_) { return abandoned_ || end_ || filled_ < ring_.size(); };
      if (!changed_.wait_until(mutex_, stop, deadline, may_go)) {
        if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
        return Error(Code::timeout, "the bytes are not read as fast as they come");
      }
      if (abandoned_ || end_) return Error(Code::cancelled, "nobody reads these bytes any more");
      const std::size_t place = (begin_ + filled_) % ring_.size();
      const std::size_t count = std::min({bytes.size(), ring_.size() - filled_, ring_.size() - place});
      std::copy_n(bytes.begin(), count, ring_.begin() + static_cast<std::ptrdiff_t>(place));
      filled_ += count;
      bytes = bytes.subspan(count);
    }
    changed_.notify_all();
  }
  return {};
}

void ByteQueue::finish(base::Error reason) {
  {
    const base::MutexLock lock(mutex_);
    if (!end_) end_ = std::move(reason);
  }
  changed_.notify_all();
}

std::size_t ByteQueue::depth() const {
  const base::MutexLock lock(mutex_);
  return filled_;
}

std::unique_ptr<ByteReader> ByteQueue::reader_of(std::shared_ptr<ByteQueue> queue) {
  return std::make_unique<Reader>(std::move(queue));
}

base::Result<std::size_t> ByteQueue::read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                          const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  std::size_t count = 0;
  {
    const base::MutexLock lock(mutex_);
    const auto may_go = [this]() OC_REQUIRES(mutex_) { return end_ || filled_ > 0; };
    if (!changed_.wait_until(mutex_, stop, deadline, may_go)) {
      if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
      return Error(Code::timeout, "no bytes came in time");
    }
    if (filled_ == 0) return *end_;
    count = std::min({into.size(), filled_, ring_.size() - begin_});
    std::copy_n(ring_.begin() + static_cast<std::ptrdiff_t>(begin_), count, into.begin());
    begin_ = (begin_ + count) % ring_.size();
    filled_ -= count;
  }
  changed_.notify_all();
  return count;
}

void ByteQueue::abandon() {
  {
    const base::MutexLock lock(mutex_);
    abandoned_ = true;
  }
  changed_.notify_all();
}

}  // namespace ocelli::media
