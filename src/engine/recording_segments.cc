#include "engine/recording_segments.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ocelli::engine {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

// So many segments make up a recording that keeps dropping its oldest: the bounds are held to one of them.
constexpr int kSegments = 8;
constexpr std::chrono::minutes kLongestSegment{10};
constexpr std::size_t kNumberDigits = 8;

Error write_error(const std::string& path, int number) {
  const std::string what = fmt::format("cannot record to {}: {}", path, std::strerror(number));
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
    return Error(Code::exhausted, what + "; free some space, or record to another folder");
  }
  return Error(Code::unavailable, what + "; record to a folder that you may write to");
}

bool is_of_the_disk(const Error& error) {
  return error.code() == Code::exhausted || error.code() == Code::unavailable;
}

/// A segment's log and clips, by the number that their names begin with.
struct Segment {
  std::string name;  ///< "<folder>/<number>"
  std::vector<fs::path> files;
  std::uint64_t bytes = 0;
  fs::file_time_type newest;
};

bool is_segment_file(const std::string& name) {
  return name.size() > kNumberDigits && name.find_first_not_of("0123456789") == kNumberDigits;
}

void collect(const fs::path& recording, std::vector<Segment>& segments) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(recording, error)) {
    const std::string file = entry.path().filename().string();
    std::error_code unreadable;
    const auto bytes = entry.file_size(unreadable);
    const auto written = entry.last_write_time(unreadable);
    if (unreadable || !is_segment_file(file)) continue;
    const std::string name = (recording / file.substr(0, kNumberDigits)).string();
    auto known = std::find_if(segments.begin(), segments.end(), [&](const Segment& one) { return one.name == name; });
    if (known == segments.end())
      known = segments.insert(known, {.name = name, .files = {}, .bytes = 0, .newest = written});
    known->files.push_back(entry.path());
    known->bytes += bytes;
    known->newest = std::max(known->newest, written);
  }
}

/// By age, the oldest first.
std::vector<Segment> list_segments(const fs::path& place) {
  std::vector<Segment> segments;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(place, error)) {
    if (entry.is_directory(error)) collect(entry.path(), segments);
  }
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) { return a.name < b.name; });
  return segments;
}

}  // namespace

void hold_recording_bounds(const std::string& place, const RecordingBounds& bounds, const std::string& spared) {
  const auto segments = list_segments(place);
  std::uint64_t total = 0;
  for (const auto& segment : segments) total += segment.bytes;
  const auto now = fs::file_time_type::clock::now();
  for (const auto& segment : segments) {
    if (segment.name >= spared) return;
    const bool is_old = bounds.longest.count() > 0 && now - segment.newest > bounds.longest;
    if (!is_old && total <= bounds.most_bytes) return;
    std::error_code ignored;  // the next look finds it again
    for (const auto& file : segment.files) fs::remove(file, ignored);
    fs::remove(fs::path(segment.name).parent_path(), ignored);  // only if it is empty
    total -= segment.bytes;
  }
}

base::Result<std::unique_ptr<RecordingSegments>> RecordingSegments::create(const std::string& folder,
                                                                           const RecordingHeader& header,
                                                                           const RecordingBounds& bounds) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return write_error(folder, error.value());
  const bool is_new = fs::is_empty(folder, error);
  if (error) return write_error(folder, error.value());
  if (!is_new) {
    return Error(Code::invalid, fmt::format("{} is not empty: record to a folder of its own, or remove it", folder));
  }
  std::unique_ptr<RecordingSegments> segments(new RecordingSegments(folder, header, bounds));
  OC_TRY_STATUS(segments->begin_segment());
  return segments;
}

base::Status RecordingSegments::begin_segment() {
  OC_TRY_STATUS(end_clip());
  ++segment_;
  clips_ = 0;
  log_bytes_ = 0;
  clip_bytes_ = 0;
  segment_begin_.reset();
  const std::string path = fmt::format("{}/{:08}{}", folder_, segment_, kSegmentSuffix);
  log_.reset(std::fopen(path.c_str(), "wbe"));
  if (!log_) return write_error(path, errno);
  std::setvbuf(log_.get(), nullptr, _IONBF, 0);  // what is written is with the operating system at once
  OC_TRY_STATUS(append(recording_mark()));
  OC_TRY_STATUS(append(encode_record(header_)));
  hold_bounds();
  return {};
}

base::Status RecordingSegments::append(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), log_.get()) != bytes.size()) return write_error(folder_, errno);
  log_bytes_ += bytes.size();
  return {};
}

std::uint64_t RecordingSegments::bytes() const {
  return log_bytes_ + clip_bytes_ + (clip_ ? clip_->bytes_written() : 0);
}

bool RecordingSegments::is_due(media::MediaTime time) const {
  if (!segment_begin_) return false;
  const std::chrono::nanoseconds share = bounds_.longest / kSegments;
  const auto longest = share.count() > 0 ? std::min<std::chrono::nanoseconds>(share, kLongestSegment) : kLongestSegment;
  return time - *segment_begin_ >= longest || bytes() >= bounds_.most_bytes / kSegments;
}

/// A recording that stops when it is full says so, once.
void RecordingSegments::fill() {
  [[maybe_unused]] const auto told = append(encode_record(RecordedEnd{RecordedEnd::Reason::full}));
  [[maybe_unused]] const auto ended = end_clip();
  full_ = true;
}

base::Status RecordingSegments::write(std::string_view encoded, std::optional<media::MediaTime> time) {
  if (full_) return {};
  if (time) {
    if (!segment_begin_) segment_begin_ = *time;
    const bool stops = bounds_.when_full == RecordingBounds::WhenFull::stop;
    const bool is_too_long = bounds_.longest.count() > 0 && *time - *segment_begin_ > bounds_.longest;
    if (stops && (is_too_long || bytes() + encoded.size() > bounds_.most_bytes)) {
      fill();
      return {};
    }
    // With packets a segment begins at a key frame: see below.
    if (!stops && !format_ && is_due(*time)) {
      OC_TRY_STATUS(begin_segment());
      segment_begin_ = *time;
    }
  }
  return append(encoded);
}

void RecordingSegments::connect(const media::ClipFormat& format, media::MediaTime origin) {
  format_ = format;
  origin_ = origin;
}

base::Status RecordingSegments::write(const media::Packet& packet) {
  if (full_ || !format_) return {};
  if (packet.is_key() && bounds_.when_full == RecordingBounds::WhenFull::drop_oldest &&
      is_due(origin_ + packet.time().time_since_epoch())) {
    OC_TRY_STATUS(begin_segment());
  }
  if (!clip_ && !packet.is_key()) return {};
  if (!clip_) OC_TRY_STATUS(begin_clip(packet));
  auto status = clip_->write(packet);
  if (status || is_of_the_disk(status.error())) return status;
  // Other parameters from here on, or a packet that no container takes: another clip, from the next key frame on.
  OC_TRY_STATUS(end_clip());
  if (status.error().code() != Code::end_of_stream || !packet.is_key()) return {};
  OC_TRY_STATUS(begin_clip(packet));
  return clip_->write(packet);
}

base::Status RecordingSegments::begin_clip(const media::Packet& key) {
  const std::string file = fmt::format("{:08}-{}.{}", segment_, ++clips_, format_->extension());
  const media::MediaTime begin = origin_ + key.time().time_since_epoch();
  OC_TRY_STATUS(append(encode_record(RecordedClip{file, begin})));
  clip_ = media::ClipWriter::create(folder_ + "/" + file, *format_);
  return {};
}

base::Status RecordingSegments::end_clip() {
  if (!clip_) return {};
  const auto clip = std::move(clip_);
  auto status = clip->finish();
  clip_bytes_ += clip->bytes_written();
  return !status && is_of_the_disk(status.error()) ? status : base::Status();
}

base::Status RecordingSegments::finish() {
  OC_TRY_STATUS(end_clip());
  if (!log_) return {};
  if (!full_) OC_TRY_STATUS(append(encode_record(RecordedEnd{RecordedEnd::Reason::closed})));
  if (std::fclose(log_.release()) != 0) return write_error(folder_, errno);
  return {};
}

void RecordingSegments::hold_bounds() const {
  if (bounds_.when_full != RecordingBounds::WhenFull::drop_oldest) return;
  const fs::path own = fs::path(folder_).lexically_normal();
  hold_recording_bounds(own.parent_path().string(), bounds_, (own / fmt::format("{:08}", segment_)).string());
}

}  // namespace ocelli::engine
