#include "app/input_list.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <glob.h>
#include <string_view>

namespace ocelli::app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

// What else lies in a folder is not worth an error each: notes, thumbnails' databases, our own results.
constexpr std::array<std::string_view, 24> kKnownExtensions{
    ".jpg", ".jpeg", ".png", ".bmp",  ".webp", ".tif",  ".tiff", ".mp4", ".m4v", ".mov",  ".mkv", ".webm",
    ".avi", ".ts",   ".mts", ".m2ts", ".mpg",  ".mpeg", ".wmv",  ".flv", ".264", ".h264", ".265", ".hevc"};

bool is_known(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kKnownExtensions.begin(), kKnownExtensions.end(), extension) != kKnownExtensions.end();
}

base::Result<std::vector<std::string>> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && is_known(entry.path())) files.push_back(entry.path().string());
  }
  if (error) return Error(Code::unavailable, "cannot list " + folder + ": " + error.message());
  if (files.empty()) return Error(Code::not_found, "no picture or clip in the folder " + folder);
  std::sort(files.begin(), files.end());
  return files;
}

base::Result<std::vector<std::string>> files_that_match(const std::string& pattern) {
  glob_t matches{};
  const int result = glob(pattern.c_str(), 0, nullptr, &matches);
  std::vector<std::string> files;
  for (std::size_t i = 0; result == 0 && i < matches.gl_pathc; ++i) files.emplace_back(matches.gl_pathv[i]);
  globfree(&matches);
  if (result != 0) return Error(Code::not_found, "no file matches " + pattern);
  return files;
}

base::Result<std::vector<std::string>> list_one(const std::string& name) {
  std::error_code ignored;
  if (name.find("://") != std::string::npos) return std::vector{name};
  if (fs::is_directory(name, ignored)) return files_in(name);
  const bool pattern = name.find_first_of("*?[") != std::string::npos && !fs::exists(name, ignored);
  return pattern ? files_that_match(name) : std::vector{name};
}

}  // namespace

base::Result<std::vector<std::string>> list_inputs(const std::vector<std::string>& names) {
  std::vector<std::string> inputs;
  for (const auto& name : names) {
    OC_TRY(const auto listed, list_one(name));
    inputs.insert(inputs.end(), listed.begin(), listed.end());
  }
  return inputs;
}

}  // namespace ocelli::app
