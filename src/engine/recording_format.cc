#include "engine/recording_format.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/yaml.h"
#include "base/yaml_text.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;
using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kMark = "oclrec";
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMostRecordBytes = std::size_t{16} << 20U;
constexpr std::size_t kDetectionBytes = 24;
constexpr int kMostPictureSide = 1 << 16;
// Differences of such times cannot overflow; 2^61 ns are 73 years.
constexpr std::int64_t kMostTime = std::int64_t{1} << 61U;

enum class Kind : std::uint8_t { header = 1, frame, event, clip, gap, end };

/// CRC-32 of IEEE 802.3 (reflected, polynomial 0x04C11DB7), a table for each byte.
constexpr std::array<std::uint32_t, 256> checksum_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr auto kChecksumTable = checksum_table();

template <class Range>
std::uint32_t checksum(const Range& bytes) {
  std::uint32_t value = ~0U;
  for (const auto byte : bytes) {
    value = kChecksumTable[(value ^ static_cast<std::uint8_t>(byte)) & 0xFFU] ^ (value >> 8U);
  }
  return ~value;
}

class ByteWriter {
 public:
  template <std::unsigned_integral Number>
  void put(Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) text_ += static_cast<char>(number >> (8 * i) & 0xFFU);
  }
  void put(std::int32_t number) { put(static_cast<std::uint32_t>(number)); }
  void put(std::int64_t number) { put(static_cast<std::uint64_t>(number)); }
  void put(float number) { put(std::bit_cast<std::uint32_t>(number)); }
  void put(std::string_view text) { text_ += text; }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Past the end everything reads as zero, and the end is remembered.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  template <std::unsigned_integral Number>
  Number get() {
    if (bytes_.size() < sizeof(Number)) {
      ran_out_ = true;
      bytes_ = {};
      return 0;
    }
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      number = static_cast<Number>(number | static_cast<Number>(bytes_[i]) << (8 * i));
    }
    bytes_ = bytes_.subspan(sizeof(Number));
    return number;
  }
  std::int32_t get_int() { return static_cast<std::int32_t>(get<std::uint32_t>()); }
  std::int64_t get_long() { return static_cast<std::int64_t>(get<std::uint64_t>()); }
  float get_float() { return std::bit_cast<float>(get<std::uint32_t>()); }
  std::string rest() {
    std::string text(bytes_.begin(), bytes_.end());
    bytes_ = {};
    return text;
  }
  std::size_t left() const { return bytes_.size(); }
  /// Everything was there, and nothing is left.
  bool is_exact() const { return !ran_out_ && bytes_.empty(); }

 private:
  Bytes bytes_;
  bool ran_out_ = false;
};

/// One byte as one of the first `count` values of an enumeration.
template <class Enum>
std::optional<Enum> get_enum(ByteReader& reader, int count) {
  const int value = reader.get<std::uint8_t>();
  if (value >= count) return std::nullopt;
  return static_cast<Enum>(value);
}

Error damaged(std::string_view what) {
  return {Code::corrupt, fmt::format("a record is damaged: {}", what)};
}

// Content of the kinds of record, each as put() and as a function that reads it.

std::string header_yaml(const RecordingHeader& header) {
  std::vector<std::string> labels;
  for (const auto& label : header.labels) labels.push_back(base::yaml_quoted(label));
  return fmt::format(
      "program: {}\ncamera: {}\nsource: {}\nmodel: {}\nmodel_version: {}\nmodel_sha256: {}\nprecision: {}\nscore: {}\n"
      "labels: [{}]\nclass_groups: [{}]\nconfig: {}\nconfig_sha256: {}\n",
      base::yaml_quoted(header.program), base::yaml_quoted(header.camera), base::yaml_quoted(header.source),
      base::yaml_quoted(header.model), base::yaml_quoted(header.model_version), base::yaml_quoted(header.model_sha256),
      base::yaml_quoted(header.precision), header.score, fmt::join(labels, ", "), fmt::join(header.class_groups, ", "),
      base::yaml_quoted(header.config), base::yaml_quoted(header.config_sha256));
}

void put(ByteWriter& writer, const RecordingHeader& header) {
  writer.put(static_cast<std::uint8_t>(Kind::header));
  writer.put(header_yaml(header));
}

void read_groups(base::YamlMapReader& reader, std::vector<int>& groups, std::vector<base::YamlProblem>& problems) {
  const auto list = reader.child("class_groups");
  if (!list) return;
  for (const auto& item : list->as_list(problems)) {
    const auto number = item.as_integer(problems);
    if (!number) return;
    if (std::abs(*number) > 1'000'000) {
      problems.push_back(item.problem("no number of a group"));
      return;
    }
    groups.push_back(static_cast<int>(*number));
  }
}

base::Result<Record> read_header(ByteReader& bytes) {
  std::vector<base::YamlProblem> problems;
  const auto root = base::YamlValue::parse(bytes.rest(), "header", problems);
  RecordingHeader header;
  if (root) {
    base::YamlMapReader reader(*root, problems);
    const std::pair<const char*, std::string*> texts[] = {{"program", &header.program},
                                                          {"camera", &header.camera},
                                                          {"source", &header.source},
                                                          {"model", &header.model},
                                                          {"precision", &header.precision},
                                                          {"model_version", &header.model_version},
                                                          {"config", &header.config},
                                                          {"model_sha256", &header.model_sha256},
                                                          {"config_sha256", &header.config_sha256}};
    for (const auto& [key, target] : texts) {
      reader.read(key, *target);
      reader.require(key);
    }
    reader.read("score", header.score, 0, 1);
    reader.require("score");
    reader.read("labels", header.labels);
    reader.require("labels");
    reader.require("class_groups");
    read_groups(reader, header.class_groups, problems);
    reader.finish();
  }
  if (!problems.empty()) return damaged(base::yaml_error(problems).message());
  return header;
}

void put(ByteWriter& writer, const RecordedFrame& record) {
  const media::FrameInfo& frame = record.frame;
  writer.put(static_cast<std::uint8_t>(Kind::frame));
  writer.put(static_cast<std::uint8_t>(frame.format));
  writer.put(static_cast<std::uint8_t>(frame.color.matrix));
  writer.put(static_cast<std::uint8_t>(frame.color.range));
  writer.put(static_cast<std::uint8_t>(frame.quality));
  writer.put(static_cast<std::uint8_t>(frame.pixels));
  writer.put(std::int32_t{frame.width});
  writer.put(std::int32_t{frame.height});
  writer.put(frame.sequence);
  writer.put(std::int64_t{frame.time.time_since_epoch().count()});
  writer.put(std::int64_t{std::chrono::nanoseconds(frame.captured.time_since_epoch()).count()});
  for (const auto& detection : record.detections) {
    for (const float side : {detection.box.left, detection.box.top, detection.box.width, detection.box.height}) {
      writer.put(side);
    }
    writer.put(detection.score);
    writer.put(std::int32_t{detection.class_id});
  }
}

bool is_in_time(std::int64_t time) {
  return time > -kMostTime && time < kMostTime;
}

base::Result<infer::Detection> read_detection(ByteReader& reader) {
  infer::Detection detection;
  for (float* side : {&detection.box.left, &detection.box.top, &detection.box.width, &detection.box.height}) {
    *side = reader.get_float();
    if (!std::isfinite(*side)) return damaged("a box that is nowhere");
  }
  detection.score = reader.get_float();
  if (!(detection.score >= 0 && detection.score <= 1)) return damaged("a score outside 0 to 1");
  detection.class_id = reader.get_int();
  if (detection.class_id < 0) return damaged("a class below 0");
  return detection;
}

base::Result<Record> read_frame(ByteReader& reader) {
  RecordedFrame record;
  media::FrameInfo& frame = record.frame;
  const auto format = get_enum<media::PixelFormat>(reader, 3);
  const auto matrix = get_enum<media::ColorMatrix>(reader, 2);
  const auto range = get_enum<media::ColorRange>(reader, 2);
  const auto quality = get_enum<media::FrameQuality>(reader, 3);
  const auto pixels = get_enum<media::PixelLocation>(reader, 2);
  if (!format || !matrix || !range || !quality || !pixels) return damaged("a frame of no known form");
  frame.format = *format;
  frame.color = {*matrix, *range};
  frame.quality = *quality;
  frame.pixels = *pixels;
  frame.width = reader.get_int();
  frame.height = reader.get_int();
  if (std::min(frame.width, frame.height) < 0 || std::max(frame.width, frame.height) > kMostPictureSide) {
    return damaged("a frame of an impossible size");
  }
  frame.sequence = reader.get<std::uint64_t>();
  const std::int64_t time = reader.get_long();
  const std::int64_t captured = reader.get_long();
  if (!is_in_time(time) || !is_in_time(captured)) return damaged("a frame outside of time");
  frame.time = media::MediaTime(std::chrono::nanoseconds(time));
  frame.captured =
      base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(std::chrono::nanoseconds(captured)));
  if (reader.left() % kDetectionBytes != 0) return damaged("part of a detection");
  record.detections.reserve(reader.left() / kDetectionBytes);
  while (reader.left() > 0) {
    OC_TRY(auto detection, read_detection(reader));
    record.detections.push_back(detection);
  }
  if (!reader.is_exact()) return damaged("a frame that is too short");
  return record;
}

void put(ByteWriter& writer, const RecordedEvent& event) {
  writer.put(static_cast<std::uint8_t>(Kind::event));
  writer.put(event.json);
}

void put(ByteWriter& writer, const RecordedClip& clip) {
  writer.put(static_cast<std::uint8_t>(Kind::clip));
  writer.put(std::int64_t{clip.begin.time_since_epoch().count()});
  writer.put(clip.file);
}

/// A name in the recording's own folder.
bool is_file_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '.' && std::all_of(name.begin(), name.end(), is_plain);
}

base::Result<Record> read_clip(ByteReader& reader) {
  const std::int64_t begin = reader.get_long();
  RecordedClip clip{reader.rest(), media::MediaTime(std::chrono::nanoseconds(begin))};
  if (!reader.is_exact() || !is_file_name(clip.file) || !is_in_time(begin)) return damaged("a clip without a name");
  return clip;
}

void put(ByteWriter& writer, const RecordedGap& gap) {
  writer.put(static_cast<std::uint8_t>(Kind::gap));
  writer.put(gap.lost);
}

base::Result<Record> read_gap(ByteReader& reader) {
  const RecordedGap gap{reader.get<std::uint64_t>()};
  if (!reader.is_exact()) return damaged("a gap of no known form");
  return gap;
}

void put(ByteWriter& writer, const RecordedEnd& end) {
  writer.put(static_cast<std::uint8_t>(Kind::end));
  writer.put(static_cast<std::uint8_t>(end.reason));
}

base::Result<Record> read_end(ByteReader& reader) {
  const auto reason = get_enum<RecordedEnd::Reason>(reader, 3);
  if (!reason || !reader.is_exact()) return damaged("an end of no known form");
  return RecordedEnd{*reason};
}

}  // namespace

std::string recording_mark() {
  ByteWriter writer;
  writer.put(kMark);
  writer.put(kRecordingVersion);
  return writer.take();
}

base::Status check_recording_mark(Bytes bytes) {
  const bool is_recording =
      bytes.size() >= kRecordingMarkBytes && std::equal(kMark.begin(), kMark.end(), bytes.begin());
  if (!is_recording) return Error(Code::corrupt, "this is no recording of ocelli");
  const auto version = ByteReader(bytes.subspan(kMark.size())).get<std::uint16_t>();
  if (version == kRecordingVersion) return {};
  return Error(Code::unsupported,
               fmt::format("its format is version {}, and this ocelli reads version {}: replay it with the ocelli that "
                           "recorded it, or a newer one",
                           version, kRecordingVersion));
}

std::string encode_record(const Record& record) {
  ByteWriter content_writer;
  std::visit([&](const auto& kind) { put(content_writer, kind); }, record);
  const std::string content = content_writer.take();
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(content.size()));
  writer.put(content);
  writer.put(checksum(content));
  return writer.take();
}

base::Result<Record> decode_content(Bytes content) {
  ByteReader reader(content);
  const auto kind = reader.get<std::uint8_t>();
  if (kind < static_cast<std::uint8_t>(Kind::header) || kind > static_cast<std::uint8_t>(Kind::end)) {
    return damaged("a kind that this version does not know");
  }
  switch (static_cast<Kind>(kind)) {
    case Kind::header:
      return read_header(reader);
    case Kind::frame:
      return read_frame(reader);
    case Kind::event:
      return RecordedEvent{reader.rest()};
    case Kind::clip:
      return read_clip(reader);
    case Kind::gap:
      return read_gap(reader);
    case Kind::end:
      return read_end(reader);
  }
  return damaged("a kind that this version does not know");
}

base::Result<DecodedRecord> decode_record(Bytes bytes) {
  if (bytes.size() < kLengthBytes) return Error(Code::need_input, "a record is cut off");
  const std::size_t length = ByteReader(bytes).get<std::uint32_t>();
  if (length == 0 || length > kMostRecordBytes) return damaged("its length is impossible");
  const std::size_t whole = kLengthBytes + length + kChecksumBytes;
  if (bytes.size() < whole) return Error(Code::need_input, "a record is cut off");
  const Bytes content = bytes.subspan(kLengthBytes, length);
  const auto expected = ByteReader(bytes.subspan(kLengthBytes + length)).get<std::uint32_t>();
  if (checksum(content) != expected) return damaged("its checksum is wrong");
  OC_TRY(auto record, decode_content(content));
  return DecodedRecord{std::move(record), whole};
}

}  // namespace ocelli::engine
