#include "media/testing/clip.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace ocelli::media::testing {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ocelli-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool ffmpeg(const std::string& arguments) {
  return std::system(("ffmpeg -nostdin -v error -y " + arguments).c_str()) == 0;
}

bool make_clip(const std::string& path, int frames, const std::string& options) {
  return ffmpeg("-f lavfi -i testsrc2=size=160x120:rate=25 -frames:v " + std::to_string(frames) + " -threads 1 " +
                options + " " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace ocelli::media::testing
