#pragma once

#include <filesystem>
#include <string>

namespace ocelli::media::testing {

/// A folder of its own for one test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Runs `ffmpeg <arguments>`, an encoder that is not ours. False when it fails or is not installed.
bool ffmpeg(const std::string& arguments);

/// A moving test pattern of `frames` pictures, 25 a second, 160x120; the codec and container follow from `options` and
/// the name of the file.
bool make_clip(const std::string& path, int frames, const std::string& options);

/// The whole file.
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

}  // namespace ocelli::media::testing
