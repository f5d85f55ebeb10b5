#include "infer/python_environment.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "base/subprocess.h"
#include "infer/model_file.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

bool mentions(const std::string& text, std::initializer_list<std::string_view> phrases) {
  for (const auto phrase : phrases) {
    if (text.find(phrase) != std::string::npos) return true;
  }
  return false;
}

// The line that says most: pip's last "ERROR:", else the last line of all.
std::string last_complaint(const std::string& output) {
  std::string last;
  std::string last_error;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    last = line;
    if (line.starts_with("ERROR: ")) last_error = line.substr(7);
  }
  return last_error.empty() ? last : last_error;
}

base::Status outcome(const base::SubprocessResult& result) {
  if (result.exit_code == 0) return {};
  if (mentions(result.output, {"No space left on device", "Disk quota exceeded", "File too large"})) {
    return Error(Code::exhausted, "the disk is full: free some space and try again");
  }
  // pip's own last word would be that no such package exists.
  if (mentions(result.output, {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ProxyError"})) {
    return Error(Code::unavailable, "the package index cannot be reached");
  }
  const auto complaint = last_complaint(result.output);
  return Error(Code::unavailable, complaint.empty() ? fmt::format("exit code {}", result.exit_code) : complaint);
}

Error python_missing(const std::string& detail) {
  return Error(Code::unavailable, detail + ": install it (Debian: apt-get install python3-venv)");
}

base::Status make_environment(const std::string& folder, const std::stop_token& stop) {
  auto made = base::run_subprocess({{"python3", "-I", "-m", "venv", folder + "/venv"}}, stop);
  if (!made && made.error().code() == Code::not_found) return python_missing("python3 is missing");
  if (!made) return std::move(made).error();
  if (made->exit_code != 0 && mentions(made->output, {"ensurepip is not available", "No module named venv"})) {
    return python_missing("Python's venv module is missing");
  }
  if (auto status = outcome(*made); !status) {
    return std::move(status).error().with_context("cannot make a Python environment");
  }
  return {};
}

}  // namespace

base::Result<PythonEnvironment> PythonEnvironment::create(const std::string& parent, const std::stop_token& stop) {
  std::string folder = parent + "/python-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return file_error("create the folder", folder, errno);
  PythonEnvironment environment(std::move(folder));
  OC_TRY_STATUS(make_environment(environment.folder_, stop));
  return environment;
}

PythonEnvironment::~PythonEnvironment() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

PythonEnvironment::PythonEnvironment(PythonEnvironment&& other) noexcept : folder_(std::exchange(other.folder_, "")) {}

PythonEnvironment& PythonEnvironment::operator=(PythonEnvironment&& other) noexcept {
  std::swap(folder_, other.folder_);
  return *this;
}

base::Status PythonEnvironment::run(const std::vector<std::string>& arguments, const std::stop_token& stop) const {
  base::SubprocessConfig config{{folder_ + "/venv/bin/python", "-I"}};
  config.arguments.insert(config.arguments.end(), arguments.begin(), arguments.end());
  OC_TRY(const auto result, base::run_subprocess(config, stop));
  return outcome(result);
}

base::Status PythonEnvironment::pip(const std::string& verb, const std::vector<std::string>& arguments,
                                    const std::stop_token& stop) const {
  std::vector<std::string> all{
      "-m", "pip",       verb, "--quiet",          "--disable-pip-version-check", "--no-input", "--timeout",
      "15", "--retries", "2",  "--require-hashes", "--only-binary=:all:"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all, stop);
}

}  // namespace ocelli::infer
