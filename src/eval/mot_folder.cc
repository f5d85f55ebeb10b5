#include "eval/mot_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "eval/mot_format.h"

namespace ocelli::eval {
namespace {

using base::Code;
using base::Error;
using std::filesystem::path;

constexpr std::uintmax_t kMostBytes = 512U << 20U;

base::Result<std::string> read_text(const path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (error) {
    const auto code = error == std::errc::no_such_file_or_directory ? Code::not_found : Code::unavailable;
    return Error(code, file.string() + " cannot be read: " + error.message());
  }
  if (bytes > kMostBytes) return Error(Code::corrupt, file.string() + " is too large for a file of a MOT folder");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.is_open() && !stream.bad()) return text;
  return Error(Code::unavailable, file.string() + " cannot be read: " + std::strerror(errno));
}

bool is_there(const path& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

}  // namespace

base::Result<std::vector<std::string>> sequence_names(const std::string& benchmark) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(benchmark, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_there(entry->path() / "gt" / "gt.txt")) names.push_back(entry->path().filename().string());
  }
  if (error) {
    const auto code = error == std::errc::no_such_file_or_directory ? Code::not_found : Code::unavailable;
    return Error(code, benchmark + " cannot be read: " + error.message());
  }
  if (names.empty()) {
    return Error(Code::not_found, benchmark +
                                      " holds no sequence: folders with seqinfo.ini, gt/gt.txt and det/det.txt "
                                      "are wanted");
  }
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<Sequence> read_sequence(const std::string& benchmark, const std::string& name) {
  const path folder = path(benchmark) / name;
  Sequence sequence;
  sequence.name = name;
  const path info = folder / "seqinfo.ini";
  OC_TRY(const auto info_text, read_text(info));
  OC_TRY(sequence.info, parse_sequence_info(info_text, info.string()));
  const int frames = sequence.info.frames;

  const path truth = folder / "gt" / "gt.txt";
  OC_TRY(const auto truth_text, read_text(truth));
  OC_TRY(sequence.truth, parse_truth(truth_text, truth.string(), frames));
  if (const path file = folder / "det" / "det.txt"; is_there(file)) {
    OC_TRY(const auto text, read_text(file));
    OC_TRY(sequence.detections, parse_detections(text, file.string(), frames));
  }
  if (const path file = folder / "gmc.txt"; is_there(file)) {
    OC_TRY(const auto text, read_text(file));
    OC_TRY(sequence.motion, parse_camera_motion(text, file.string(), frames));
  }
  if (const path file = folder / "cam.txt"; is_there(file)) {
    OC_TRY(const auto text, read_text(file));
    OC_TRY(sequence.camera, parse_camera_view(text, file.string()));
  }
  return sequence;
}

base::Result<std::vector<ResultBox>> read_results(const std::string& folder, const Sequence& sequence) {
  const path file = path(folder) / (sequence.name + ".txt");
  OC_TRY(const auto text, read_text(file));
  return parse_results(text, file.string(), sequence.info.frames);
}

}  // namespace ocelli::eval
