#include "tests/farm/options.h"

#include <regex>

#include "tests/farm/picture_number.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr int kMaximumCameras = 10'000;
constexpr int kMaximumEdgePx = 8192;

std::int64_t bits_per_second(const std::string& number, const std::string& unit) {
  return std::stoll(number) * (unit == "k" ? 1'000 : unit == "M" ? 1'000'000 : 1);
}

Result<CameraGroup> parse_group(const std::string& text, const Options& options) {
  static const std::regex kForm(R"((\d{1,5})x(\d{1,4})x(\d{1,4})@(\d{1,3}):(\d{1,9})([kM]?)(?::(h264|h265))?)");
  std::smatch match;
  if (!std::regex_match(text, match, kForm)) {
    return Error(Code::invalid, "'" + text + "' is not COUNTxWIDTHxHEIGHT@FPS:BITRATE, e.g. 20x1920x1080@25:4M");
  }
  CameraGroup group;
  group.count = std::stoi(match[1]);
  group.clip.width = std::stoi(match[2]);
  group.clip.height = std::stoi(match[3]);
  group.clip.frames_per_second = std::stoi(match[4]);
  group.clip.bits_per_second = bits_per_second(match[5], match[6]);
  group.clip.codec = match[7] == "h265" ? Codec::h265 : Codec::h264;
  group.clip.key_interval_s = options.key_interval_s;
  group.clip.loop_s = options.loop_s;
  const bool is_even = group.clip.width % 2 == 0 && group.clip.height % 2 == 0;
  const bool fits = group.clip.width >= kCodeCells * kCodeCellPx && group.clip.height >= 144 &&
                    group.clip.width <= kMaximumEdgePx && group.clip.height <= kMaximumEdgePx;
  if (!is_even || !fits) return Error(Code::invalid, "'" + text + "': sizes are even, from 256x144 on");
  if (group.clip.frames_per_second < 1 || group.clip.bits_per_second < 10'000) {
    return Error(Code::invalid, "'" + text + "': at least 1 picture and 10 kbit a second");
  }
  if (group.clip.picture_count() > kPictureNumbers) {
    return Error(Code::invalid, "--loop: at most " + std::to_string(kPictureNumbers) + " pictures have a number");
  }
  return group;
}

}  // namespace

Result<std::vector<CameraGroup>> parse_cameras(const Options& options) {
  if (options.loop_s % options.key_interval_s != 0) {
    return Error(Code::invalid, "--loop must be a multiple of --key-interval");
  }
  std::vector<CameraGroup> groups;
  int count = 0;
  for (std::size_t begin = 0; begin <= options.cameras.size();) {
    const auto end = std::min(options.cameras.find(',', begin), options.cameras.size());
    OC_TRY(auto group, parse_group(options.cameras.substr(begin, end - begin), options));
    groups.push_back(group);
    count += group.count;
    begin = end + 1;
  }
  if (count < 1 || count > kMaximumCameras) return Error(Code::invalid, "--cameras: 1 to 10000 in all");
  return groups;
}

}  // namespace ocelli::farm
