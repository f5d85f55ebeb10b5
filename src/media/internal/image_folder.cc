#include "media/internal/image_folder.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <string_view>
#include <utility>

#include "media/fingerprint.h"
#include "media/internal/ffmpeg.h"
#include "media/internal/packet_pool.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kMostPictures = 10'000'000;
constexpr std::uintmax_t kMostPictureBytes = 256U << 20U;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// By its name, so that not every file of a large folder is opened.
bool is_named_like_a_picture(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return false;
  std::string ending = name.substr(dot + 1);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == "jpg" || ending == "jpeg" || ending == "png";
}

base::Result<std::vector<std::string>> list_pictures(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), closedir);
  if (!entries) return Error(Code::unavailable, "cannot open " + folder + ": " + std::strerror(errno));
  std::vector<std::string> names;
  while (const dirent* entry = readdir(entries.get())) {
    if (is_named_like_a_picture(entry->d_name)) names.emplace_back(entry->d_name);
    if (names.size() > kMostPictures) return Error(Code::exhausted, folder + " holds too many pictures; split it");
  }
  if (names.empty()) {
    return Error(Code::invalid, folder + " is a folder without JPEG or PNG pictures; name a video file in it");
  }
  std::sort(names.begin(), names.end(), naturally_before);
  return names;
}

base::Result<std::vector<std::uint8_t>> read_picture(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = file ? static_cast<std::uintmax_t>(std::max<std::streamoff>(file.tellg(), 0)) : 0;
  if (!file || size == 0) return Error(Code::unavailable, "cannot read " + path + "; is it empty or not yours?");
  if (size > kMostPictureBytes) return Error(Code::unsupported, path + " is larger than any picture of a camera");
  std::vector<std::uint8_t> bytes(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return Error(Code::unavailable, "cannot read " + path);
  return bytes;
}

class ImageFolder final : public Source {
 public:
  ImageFolder(const SourceConfig& config, std::vector<std::string> names, base::Clock& clock)
      : config_(config), names_(std::move(names)), clock_(clock) {}

  /// The first picture tells what all of them are.
  base::Status open() {
    OC_TRY(const auto bytes, read_picture(path_of(0)));
    container_ = fingerprint(bytes);
    if (container_ != Container::jpeg && container_ != Container::png) {
      return Error(Code::corrupt, path_of(0) + " is neither JPEG nor PNG, whatever its name says");
    }
    SourceConfig picture = config_;
    picture.url = path_of(0);
    OC_TRY(first_, Source::open(std::make_unique<MemoryReader>(bytes), picture, clock_, {}));
    info_.container = "pictures";
    info_.codec = first_->info().codec;
    info_.width = first_->info().width;
    info_.height = first_->info().height;
    info_.frames_per_second = config_.pictures_per_second;
    info_.frame_count = names_.size();
    info_.duration = time_of(names_.size()).time_since_epoch();
    return {};
  }

  const StreamInfo& info() const override { return info_; }
  const AVCodecParameters& codec_parameters() const override { return first_->codec_parameters(); }

  base::Result<Packet> read(base::SteadyTime /*deadline*/) override {
    if (next_ >= names_.size()) return Error(Code::end_of_stream, "end of the folder");
    OC_TRY(const auto bytes, read_picture(path_of(next_)));
    if (fingerprint(bytes) != container_) {
      return Error(Code::corrupt, path_of(next_) + " is no " + std::string(container_name(container_)) +
                                      " as the first picture of the folder is; convert or remove it");
    }
    AvPacketPtr packet = take_packet(packets_);
    if (!packet || av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
      return Error(Code::exhausted, "out of memory");
    }
    std::copy(bytes.begin(), bytes.end(), packet->data);
    const MediaTime time = time_of(next_++);
    packet->pts = time.time_since_epoch().count();
    packet->dts = packet->pts;
    packet->time_base = kMediaTimeBase;
    packet->flags = AV_PKT_FLAG_KEY;
    return Packet(std::move(packet), time, true, clock_.now());
  }

  base::Status seek(MediaTime time) override {
    // Times are rounded to nanoseconds, perhaps downwards.
    const double place = std::floor(to_seconds(time) * config_.pictures_per_second + 1e-6);
    next_ = static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(names_.size())));
    return {};
  }

 private:
  std::string path_of(std::size_t number) const { return config_.url + "/" + names_[number]; }
  MediaTime time_of(std::size_t number) const {
    return from_seconds(static_cast<double>(number) / config_.pictures_per_second);
  }

  const SourceConfig config_;
  const std::vector<std::string> names_;
  base::Clock& clock_;
  const std::shared_ptr<PacketPool> packets_ = std::make_shared<PacketPool>();
  Container container_ = Container::unknown;
  std::unique_ptr<Source> first_;  // keeps the codec's parameters
  StreamInfo info_;
  std::size_t next_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<Source>> open_image_folder(const SourceConfig& config, base::Clock& clock) {
  if (!(config.pictures_per_second > 0)) return Error(Code::invalid, "pictures_per_second must be above 0");
  OC_TRY(auto names, list_pictures(config.url));
  auto source = std::make_unique<ImageFolder>(config, std::move(names), clock);
  OC_TRY_STATUS(source->open());
  return std::unique_ptr<Source>(std::move(source));
}

bool naturally_before(const std::string& left, const std::string& right) {
  std::size_t i = 0;
  std::size_t j = 0;
  const auto digits = [](const std::string& text, std::size_t& place) {
    while (place < text.size() && text[place] == '0') ++place;
    const std::size_t begin = place;
    while (place < text.size() && is_digit(text[place])) ++place;
    return std::string_view(text).substr(begin, place - begin);
  };
  while (i < left.size() && j < right.size()) {
    if (is_digit(left[i]) && is_digit(right[j])) {
      const auto a = digits(left, i);
      const auto b = digits(right, j);
      if (a != b) return a.size() != b.size() ? a.size() < b.size() : a < b;
    } else if (left[i] != right[j]) {
      return left[i] < right[j];
    } else {
      ++i;
      ++j;
    }
  }
  const bool same_so_far = i == left.size() && j == right.size();
  return same_so_far ? left < right : i == left.size();  // "01" and "1" need an order too
}

}  // namespace ocelli::media::internal
