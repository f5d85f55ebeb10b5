#include "app/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

Error write_error(const std::string& path, int number) {
  const std::string what = "cannot write " + path + ": " + std::strerror(number);
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
    return Error(Code::exhausted, what + "; free some space, or choose another folder with -o");
  }
  return Error(Code::unavailable, what + "; choose a folder that you may write to with -o");
}

bool is_name_of(const std::string& path, int file) {
  struct stat mine{};
  struct stat there{};
  return fstat(file, &mine) == 0 && stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

/// Opens the part for this process alone, empty.
base::Result<std::FILE*> open_part(const std::string& path) {
  const std::string part = part_name(path);
  while (true) {
    const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return write_error(path, errno);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      close(file);
      return Error(Code::unavailable, "another ocelli writes " + path + " now; choose another folder with -o");
    }
    // Whoever wrote it may have given it its final name since it was opened: then it is no part any more.
    if (is_name_of(part, file)) {
      if (ftruncate(file, 0) == 0) return fdopen(file, "wb");
      const int number = errno;
      close(file);
      return write_error(path, number);
    }
    close(file);
  }
}

}  // namespace

std::string part_name(const std::string& path) {
  return path + ".part";
}

base::Result<AtomicFile> AtomicFile::create(const std::string& path) {
  OC_TRY(std::FILE* const file, open_part(path));
  return AtomicFile(path, file);
}

base::Status AtomicFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) return write_error(path_, errno);
  return {};
}

base::Status AtomicFile::commit() {
  if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0) return write_error(path_, errno);
  if (std::fclose(file_.release()) != 0) return write_error(path_, errno);
  return rename_part(path_);
}

base::Status write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  OC_TRY(auto file, AtomicFile::create(path));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters.
  OC_TRY_STATUS(file.write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())));
  return file.commit();
}

base::Status rename_part(const std::string& path) {
  if (std::rename(part_name(path).c_str(), path.c_str()) != 0) return write_error(path, errno);
  return {};
}

base::Status remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return write_error(path, errno);
  return {};
}

base::Status ensure_output_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return write_error(path, error.value());
  if (access(path.c_str(), W_OK | X_OK) != 0) return write_error(path, errno);
  return {};
}

base::Status check_output_folder(const std::string& path) {
  std::error_code ignored;
  std::vector<std::filesystem::path> absent;  // from the innermost outwards
  for (std::filesystem::path folder = path; !folder.empty() && !std::filesystem::exists(folder, ignored);
       folder = folder.parent_path()) {
    absent.push_back(folder);
  }
  auto status = ensure_output_folder(path);
  for (const auto& folder : absent) std::filesystem::remove(folder, ignored);  // only if it is empty
  return status;
}

}  // namespace ocelli::app
