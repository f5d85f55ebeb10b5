#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"

namespace ocelli::infer {

/// What went wrong with a file, from errno: `exhausted` for a full disk or quota, else `unavailable`.
base::Error file_error(const std::string& action, const std::string& path, int error_number);

/// Creates the folder and its parents.
base::Status ensure_folder(const std::string& path);

/// `corrupt`, naming both hashes, unless the file has this SHA-256.
base::Status check_sha256(const std::string& path, const std::string& sha256);

/// As check_sha256(path, sha256), but the message names `shown`: the file that `path` is a copy of.
base::Status check_sha256(const std::string& path, const std::string& sha256, const std::string& shown);

/// Copies `from` to `<to>.part`, flushes it to the disk, checks what was written and only then gives it its name.
/// On failure nothing new lies at either place.
base::Status install_file(const std::string& from, const std::string& to, const std::string& sha256,
                          const std::stop_token& stop);

/// Writes `<to>.part`, flushes it to the disk and then gives it its name. On failure nothing new lies at either place.
base::Status install_text(const std::string& text, const std::string& to);

/// Keeps others from working in a folder, across processes, until it is destroyed or the process ends. Move-only.
class FolderLock {
 public:
  /// `unavailable` when somebody else holds it.
  static base::Result<FolderLock> acquire(const std::string& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace ocelli::infer
