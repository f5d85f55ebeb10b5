#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "media/byte_reader.h"

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

class FileReader final : public ByteReader {
 public:
  FileReader(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds /*at_most*/,
                                 const std::stop_token& stop) override {
    if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
    const ssize_t count = pread(file_.get(), into.data(), into.size(), static_cast<off_t>(position_));
    if (count < 0) return Error(Code::unavailable, std::strerror(errno));
    if (count == 0) return Error(Code::end_of_stream, "end of the file");
    position_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

  base::Status seek(std::uint64_t position) override {
    position_ = position;
    return {};
  }

  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  const Descriptor file_;
  const std::uint64_t size_;  // of the moment when it was opened; what is appended later is read all the same
  std::uint64_t position_ = 0;
};

/// A stop request wakes it by `wake_`: a read() that waits for a writer would sleep on.
class PipeReader final : public ByteReader {
 public:
  PipeReader(Descriptor pipe, Descriptor wake) : pipe_(std::move(pipe)), wake_(std::move(wake)) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) override {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    const std::stop_callback on_stop(stop, [this] { eventfd_write(wake_.get(), 1); });
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> waits{pollfd{pipe_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
      constexpr std::int64_t kLongestPoll = 60'000;
      const int ready =
          poll(waits.data(), waits.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestPoll)));
      if (ready < 0 && errno != EINTR) return Error(Code::unavailable, std::strerror(errno));
      if (ready <= 0 && left <= 0) return Error(Code::timeout, "no bytes came in time");
      if (ready <= 0 || waits[0].revents == 0) continue;
      const ssize_t count = ::read(pipe_.get(), into.data(), into.size());
      if (count > 0) return static_cast<std::size_t>(count);
      if (count == 0) return Error(Code::end_of_stream, "the writer closed the pipe");
      if (errno != EAGAIN && errno != EINTR) return Error(Code::unavailable, std::strerror(errno));
    }
    return Error(Code::cancelled, "stopped");
  }

 private:
  const Descriptor pipe_;
  const Descriptor wake_;
};

Error cannot_open(const std::string& path, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::unavailable;
  return Error(code, "cannot open " + path + ": " + std::strerror(number));
}

base::Result<std::unique_ptr<ByteReader>> reader_of(Descriptor descriptor, const std::string& name) {
  if (descriptor.get() < 0) return cannot_open(name, errno);
  struct stat entry{};
  if (fstat(descriptor.get(), &entry) != 0) return cannot_open(name, errno);
  if (S_ISREG(entry.st_mode)) {
    if (entry.st_size == 0) {
      return Error(Code::corrupt, name + " is empty (0 bytes); was the recording or the copy interrupted?");
    }
    return std::make_unique<FileReader>(std::move(descriptor), static_cast<std::uint64_t>(entry.st_size));
  }
  if (S_ISCHR(entry.st_mode)) {
    return Error(Code::unsupported, name + " is a device; cameras are called /dev/video… or /dev/v4l/…");
  }
  if (!S_ISFIFO(entry.st_mode) && !S_ISSOCK(entry.st_mode)) {
    return Error(Code::unsupported, name + " is neither a file nor a pipe; copy the video to a file or pipe it in");
  }
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake.get() < 0) return cannot_open(name, errno);
  return std::make_unique<PipeReader>(std::move(descriptor), std::move(wake));
}

}  // namespace

base::Result<std::unique_ptr<ByteReader>> open_byte_reader(const std::string& path) {
  if (path == "-") return reader_of(Descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), "standard input");
  // Without O_NONBLOCK the opening of a FIFO would wait for its writer, for ever.
  return reader_of(Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), path);
}

}  // namespace ocelli::media
