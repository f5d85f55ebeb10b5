#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace ocelli::infer {

/// A throwaway Python: a virtual environment in a folder of its own, which goes when this goes. The user's own packages
/// and settings of Python are out of its sight; pip's settings (a company's index, a proxy) count. Move-only.
class PythonEnvironment {
 public:
  /// Makes the folder below `parent`. `unavailable` with what to install when Python or its venv module is missing.
  static base::Result<PythonEnvironment> create(const std::string& parent, const std::stop_token& stop);
  ~PythonEnvironment();
  PythonEnvironment(PythonEnvironment&& other) noexcept;
  PythonEnvironment& operator=(PythonEnvironment&& other) noexcept;

  /// A place for files that go together with the environment.
  const std::string& folder() const { return folder_; }

  /// Runs `python ARGUMENTS`. Where it fails, the error is its last line of complaint: `exhausted` when the disk is
  /// full, else `unavailable`.
  base::Status run(const std::vector<std::string>& arguments, const std::stop_token& stop) const;
  /// Runs pip, which reaches the network for a bounded time and takes ready-made packages only.
  base::Status pip(const std::string& verb, const std::vector<std::string>& arguments,
                   const std::stop_token& stop) const;

 private:
  explicit PythonEnvironment(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;  ///< empty: moved from
};

}  // namespace ocelli::infer
