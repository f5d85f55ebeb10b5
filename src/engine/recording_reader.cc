#include "engine/recording_reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace ocelli::engine {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

constexpr std::uint64_t kMostSegmentBytes = std::uint64_t{4} << 30U;

int number_of(const std::string& file) {
  int number = -1;
  std::from_chars(file.data(), file.data() + file.size(), number);
  return number;
}

base::Result<std::vector<std::uint8_t>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (!file || error) return Error(Code::unavailable, path + " cannot be read; may you read it?");
  if (size > kMostSegmentBytes) return Error(Code::corrupt, path + " is too large for a log");
  std::vector<std::uint8_t> bytes(size);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

bool fits(const RecordedFrame& record, const RecordingHeader& header) {
  return std::all_of(record.detections.begin(), record.detections.end(), [&](const infer::Detection& detection) {
    return static_cast<std::size_t>(detection.class_id) < header.labels.size();
  });
}

}  // namespace

base::Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Error(Code::not_found,
                 fmt::format("{} is not a recording: it wants the folder that `ocelli analyze --record` made", folder));
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kSegmentSuffix) && number_of(name) > 0) files.push_back(name);
  }
  if (files.empty()) {
    return Error(Code::not_found, fmt::format("{} is not a recording: there is no *{} in it", folder, kSegmentSuffix));
  }
  std::sort(files.begin(), files.end(),
            [](const std::string& a, const std::string& b) { return number_of(a) < number_of(b); });
  std::unique_ptr<RecordingReader> reader(new RecordingReader(folder, std::move(files)));
  reader->has_beginning_ = number_of(reader->files_.front()) == 1;
  OC_TRY_STATUS(reader->open_segment());
  return reader;
}

/// Its mark and its header.
base::Status RecordingReader::open_segment() {
  const std::string path = folder_ + "/" + files_[next_file_++];
  OC_TRY(bytes_, read_file(path));
  at_ = 0;
  if (auto mark = check_recording_mark(bytes_); !mark) return std::move(mark).error().with_context(path);
  at_ = kRecordingMarkBytes;
  auto first = decode_record(std::span(bytes_).subspan(at_));
  const auto* header = first ? std::get_if<RecordingHeader>(&first->record) : nullptr;
  if (header == nullptr) {
    const std::string reason = first ? "there is none" : first.error().message();
    return Error(Code::corrupt, fmt::format("{}: its header cannot be read: {}", path, reason));
  }
  if (header->class_groups.size() > header->labels.size()) {
    return Error(Code::corrupt, path + ": its header has more groups than classes");
  }
  const bool is_first = next_file_ == 1;
  if (!is_first && (header->camera != header_.camera || header->labels != header_.labels)) {
    return Error(Code::corrupt, path + ": belongs to another recording");
  }
  if (is_first) header_ = *header;
  at_ += first->bytes;
  return {};
}

base::Error RecordingReader::give_up(const std::string& reason) {
  damage_ = reason;
  next_file_ = files_.size();
  bytes_.clear();
  at_ = 0;
  return {Code::end_of_stream, reason};
}

base::Result<Record> RecordingReader::next() {
  while (at_ == bytes_.size()) {
    if (next_file_ == files_.size()) return Error(Code::end_of_stream, "the end of the recording");
    const int expected = number_of(files_[next_file_ - 1]) + 1;
    if (number_of(files_[next_file_]) != expected) {
      return give_up(fmt::format("segment {:08}{} is missing", expected, kSegmentSuffix));
    }
    if (auto opened = open_segment(); !opened) return give_up(opened.error().message());
  }
  auto decoded = decode_record(std::span(bytes_).subspan(at_));
  if (!decoded) {
    return give_up(
        fmt::format("{}: {} at byte {} of {}", files_[next_file_ - 1], decoded.error().message(), at_, bytes_.size()));
  }
  at_ += decoded->bytes;
  return accept(std::move(decoded->record));
}

base::Result<Record> RecordingReader::accept(Record record) {
  if (std::holds_alternative<RecordingHeader>(record)) return give_up("a header in the middle of a segment");
  if (const auto* frame = std::get_if<RecordedFrame>(&record); frame != nullptr && !fits(*frame, header_)) {
    return give_up("a detection of a class that the model does not have");
  }
  return record;
}

}  // namespace ocelli::engine
