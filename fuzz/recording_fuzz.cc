// Any bytes as the log of a recording, and as the content of one record, whose checksum is then taken for right: either
// values that keep their promises and are written again as the same bytes, or an error of one line.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "engine/recording_format.h"

namespace {

using namespace ocelli::engine;

template <class Value>
bool is_fine(const ocelli::base::Result<Value>& result) {
  if (result) return true;
  OC_CHECK(result.error().message().find('\n') == std::string::npos);
  return false;
}

void check(const Record& record, std::span<const std::uint8_t> content) {
  if (const auto* frame = std::get_if<RecordedFrame>(&record)) {
    OC_CHECK(frame->frame.width >= 0 && frame->frame.height >= 0);
    for (const auto& detection : frame->detections) {
      OC_CHECK(detection.class_id >= 0 && detection.score >= 0 && detection.score <= 1);
    }
  }
  if (const auto* clip = std::get_if<RecordedClip>(&record)) {
    OC_CHECK(clip->file.find('/') == std::string::npos && clip->file.front() != '.');
  }
  if (std::holds_alternative<RecordingHeader>(record)) return;  // YAML can be written in many ways
  const std::string again = encode_record(record);
  OC_CHECK(std::string_view(again).substr(4, again.size() - 8) == std::string(content.begin(), content.end()));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> all(data, size);
  if (const auto record = decode_content(all); is_fine(record)) check(*record, all);
  auto rest = is_fine(check_recording_mark(all)) ? all.subspan(kRecordingMarkBytes) : all;
  while (!rest.empty()) {
    const auto decoded = decode_record(rest);
    if (!is_fine(decoded)) break;
    check(decoded->record, rest.subspan(4, decoded->bytes - 8));
    rest = rest.subspan(decoded->bytes);
  }
  return 0;
}
