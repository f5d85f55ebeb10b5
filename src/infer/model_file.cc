#include "infer/model_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "infer/model_store.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

constexpr std::size_t kCopyBytes = 1U << 20U;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

base::Status copy_bytes(std::FILE* source, const std::string& from, std::FILE* target, const std::string& to,
                        const std::stop_token& stop) {
  const auto buffer = std::make_unique<std::array<char, kCopyBytes>>();
  while (std::feof(source) == 0) {
    if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
    const std::size_t count = std::fread(buffer->data(), 1, buffer->size(), source);
    if (std::ferror(source) != 0) return file_error("read", from, errno);
    if (std::fwrite(buffer->data(), 1, count, target) != count) return file_error("write", to, errno);
  }
  if (std::fflush(target) != 0 || ::fsync(::fileno(target)) != 0) return file_error("write", to, errno);
  return {};
}

base::Status copy_file(const std::string& from, const std::string& to, const std::stop_token& stop) {
  const File source(std::fopen(from.c_str(), "rbe"));
  if (!source) return file_error("read", from, errno);
  File target(std::fopen(to.c_str(), "wbe"));
  if (!target) return file_error("write", to, errno);
  OC_TRY_STATUS(copy_bytes(source.get(), from, target.get(), to, stop));
  if (std::fclose(target.release()) != 0) return file_error("write", to, errno);
  return {};
}

base::Status write_text(const std::string& text, const std::string& path) {
  File file(std::fopen(path.c_str(), "wbe"));
  if (!file) return file_error("write", path, errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0 && ::fsync(::fileno(file.get())) == 0;
  if (!written || std::fclose(file.release()) != 0) return file_error("write", path, errno);
  return {};
}

// The new name itself must survive a power cut too.
void flush_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Error file_error(const std::string& action, const std::string& path, int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    return Error(Code::exhausted, fmt::format("cannot {} {}: {}: free some space and try again", action, path,
                                              std::strerror(error_number)));
  }
  return Error(Code::unavailable, fmt::format("cannot {} {}: {}", action, path, std::strerror(error_number)));
}

base::Status ensure_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return file_error("create the folder", path, error.value());
  return {};
}

base::Status check_sha256(const std::string& path, const std::string& sha256) {
  return check_sha256(path, sha256, path);
}

base::Status check_sha256(const std::string& path, const std::string& sha256, const std::string& shown) {
  OC_TRY(const auto actual, sha256_of_file(path));
  if (actual == sha256) return {};
  return Error(Code::corrupt, fmt::format("{} has SHA-256 {}, the model card says {}", shown, actual, sha256));
}

namespace {

/// The last step of an installation: `part` gets its final name, or goes when `status` or the renaming failed.
base::Status give_final_name(base::Status status, const std::string& part, const std::string& to) {
  if (status && std::rename(part.c_str(), to.c_str()) != 0) status = file_error("write", to, errno);
  if (!status) {
    std::remove(part.c_str());
    return status;
  }
  flush_folder(std::filesystem::path(to).parent_path());
  return {};
}

}  // namespace

base::Status install_file(const std::string& from, const std::string& to, const std::string& sha256,
                          const std::stop_token& stop) {
  const std::string part = to + ".part";
  auto status = copy_file(from, part, stop);
  if (status) status = check_sha256(part, sha256, from);
  return give_final_name(std::move(status), part, to);
}

base::Status install_text(const std::string& text, const std::string& to) {
  const std::string part = to + ".part";
  return give_final_name(write_text(text, part), part, to);
}

base::Result<FolderLock> FolderLock::acquire(const std::string& folder) {
  const std::string path = folder + "/.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return file_error("write", path, errno);
  FolderLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error(Code::unavailable,
                 fmt::format("another ocelli is bringing models into {}: wait until it is done, then "
                             "try again",
                             folder));
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace ocelli::infer
