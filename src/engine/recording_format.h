#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "infer/detection.h"
#include "media/frame.h"

namespace ocelli::engine {

// The log of a recording, byte by byte: docs/replay.md. A file is kRecordingMark, then records, each of which is
// complete in itself: length, kind, content, checksum. Integers and floats are little-endian and bit-exact.

inline constexpr std::uint16_t kRecordingVersion = 1;
inline constexpr std::string_view kSegmentSuffix = ".rec";

/// What a recording says of itself, at the beginning of each of its segments.
struct RecordingHeader {
  std::string program;  ///< "ocelli 0.1.0"
  std::string camera;
  std::string source;  ///< its address without secrets
  std::string model;
  std::string model_version;
  std::string model_sha256;  ///< of the weights that ran
  std::string precision;
  double score = 0;                 ///< detections below were not kept
  std::vector<std::string> labels;  ///< by class id
  std::vector<int> class_groups;    ///< by class id
  std::string config;               ///< the whole effective configuration, YAML
  std::string config_sha256;
  bool operator==(const RecordingHeader&) const = default;
};

/// One analysed frame and what the detector saw in it. FrameInfo::arrived is not kept: it belongs to the machine.
struct RecordedFrame {
  media::FrameInfo frame;
  std::vector<infer::Detection> detections;
};

/// An event that the run itself wrote, as CloudEvent, after the frame that it came from.
struct RecordedEvent {
  std::string json;
};

/// From here on packets go to another file of the recording's folder, whose zero is `begin` on the stream's axis.
struct RecordedClip {
  std::string file;
  media::MediaTime begin;
};

/// So many frames and events were lost here, since the disk was too slow.
struct RecordedGap {
  std::uint64_t lost = 0;
};

struct RecordedEnd {
  enum class Reason {
    finished,  ///< the run itself ended; its last events follow
    full,      ///< the recording reached its bound, the run went on
    closed,    ///< nothing follows, and nothing that came is missing
  };
  Reason reason = Reason::finished;
};

using Record = std::variant<RecordingHeader, RecordedFrame, RecordedEvent, RecordedClip, RecordedGap, RecordedEnd>;

/// The first bytes of each file.
std::string recording_mark();
inline constexpr std::size_t kRecordingMarkBytes = 8;
/// `unsupported`: of a newer format; `corrupt`: not a recording.
base::Status check_recording_mark(std::span<const std::uint8_t> bytes);

/// The whole record, ready to be appended.
std::string encode_record(const Record& record);

struct DecodedRecord {
  Record record;
  std::size_t bytes = 0;  ///< how many it took
};
/// The first record in `bytes`, which come from outside. `need_input`: it is cut off; `corrupt`: it is damaged, or
/// says what no recorder writes. Class ids are not compared with the labels.
base::Result<DecodedRecord> decode_record(std::span<const std::uint8_t> bytes);
/// The same without length and checksum, which have been looked at.
base::Result<Record> decode_content(std::span<const std::uint8_t> content);

}  // namespace ocelli::engine
