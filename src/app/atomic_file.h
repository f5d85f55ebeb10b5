#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ocelli::app {

/// A result file that has its final name only when it is complete: written as "<path>.part", renamed by commit().
/// Without commit() the part stays, since it is all that there is of hours of work; the next run replaces it.
class AtomicFile {
 public:
  /// `unavailable` while another process writes the same file.
  static base::Result<AtomicFile> create(const std::string& path);

  /// `exhausted` for a full disk, `unavailable` otherwise; both name the file and what to do.
  base::Status write(std::string_view bytes);
  base::Status commit();
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  AtomicFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// All at once: create, write, commit.
base::Status write_file(const std::string& path, std::span<const std::uint8_t> bytes);

/// "<path>.part": where a file lies until it is complete.
std::string part_name(const std::string& path);
/// Gives a complete part its final name.
base::Status rename_part(const std::string& path);
/// Removes a file that may be there.
base::Status remove_file(const std::string& path);
/// Creates the folder and its parents; the error says what to do.
base::Status ensure_output_folder(const std::string& path);
/// Whether ensure_output_folder() can do it; leaves no folder behind that was not there.
base::Status check_output_folder(const std::string& path);

}  // namespace ocelli::app
