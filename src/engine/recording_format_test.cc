#include "engine/recording_format.h"

#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::engine {
namespace {

using base::Code;
using testing::HasSubstr;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // NOLINT(*-reinterpret-cast): bytes
}

base::Result<DecodedRecord> decode(const std::string& text) {
  return decode_record(bytes_of(text));
}

RecordingHeader some_header() {
  return {.program = "ocelli 0.1.0",
          .camera = "gate \"1\"",
          .source = "rtsp://camera/1",
          .model = "yolov8n",
          .model_version = "8.3",
          .model_sha256 = "abc",
          .precision = "fp32",
          .score = 0.25,
          .labels = {"person", "traffic light: \"red\"", "no"},
          .class_groups = {0, 1, 1},
          .config = "model:\n  name: \"a\"\n",
          .config_sha256 = "def"};
}

RecordedFrame some_frame() {
  RecordedFrame record;
  record.frame.format = media::PixelFormat::nv12;
  record.frame.width = 1920;
  record.frame.height = 1080;
  record.frame.color = {media::ColorMatrix::bt709, media::ColorRange::full};
  record.frame.sequence = 1ULL << 40U;
  record.frame.time = media::MediaTime(std::chrono::nanoseconds(-123'456'789));
  record.frame.captured = base::WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  record.frame.quality = media::FrameQuality::damaged;
  record.frame.pixels = media::PixelLocation::device;
  record.detections = {{{0.1F, -2.5F, 1e-20F, 40}, 0.3333333F, 2}, {{}, 1, 0}};
  return record;
}

TEST(RecordingFormat, GivesEveryBitOfAFrameBack) {
  const std::string encoded = encode_record(some_frame());
  const auto decoded = decode(encoded + "what follows");
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->bytes, encoded.size());
  const auto& record = std::get<RecordedFrame>(decoded->record);
  const auto expected = some_frame();
  EXPECT_EQ(record.detections, expected.detections);
  EXPECT_EQ(record.frame.format, expected.frame.format);
  EXPECT_EQ(record.frame.color, expected.frame.color);
  EXPECT_EQ(record.frame.width, expected.frame.width);
  EXPECT_EQ(record.frame.height, expected.frame.height);
  EXPECT_EQ(record.frame.sequence, expected.frame.sequence);
  EXPECT_EQ(record.frame.time, expected.frame.time);
  EXPECT_EQ(record.frame.captured, expected.frame.captured);
  EXPECT_EQ(record.frame.quality, expected.frame.quality);
  EXPECT_EQ(record.frame.pixels, expected.frame.pixels);
}

TEST(RecordingFormat, GivesTheOtherRecordsBack) {
  const auto header = decode(encode_record(some_header()));
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(std::get<RecordingHeader>(header->record), some_header());
  EXPECT_EQ(std::get<RecordedEvent>(decode(encode_record(RecordedEvent{"{\"a\":1}"}))->record).json, "{\"a\":1}");
  const auto clip = decode(encode_record(RecordedClip{"00000001-1.mp4", media::from_seconds(3)}));
  EXPECT_EQ(std::get<RecordedClip>(clip->record).file, "00000001-1.mp4");
  EXPECT_EQ(std::get<RecordedClip>(clip->record).begin, media::from_seconds(3));
  EXPECT_EQ(std::get<RecordedGap>(decode(encode_record(RecordedGap{7}))->record).lost, 7U);
  const auto end = decode(encode_record(RecordedEnd{RecordedEnd::Reason::closed}));
  EXPECT_EQ(std::get<RecordedEnd>(end->record).reason, RecordedEnd::Reason::closed);
}

TEST(RecordingFormat, AsksForMoreWhereARecordIsCutOff) {
  const std::string encoded = encode_record(some_frame());
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto decoded = decode(encoded.substr(0, size));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Code::need_input) << size;
  }
}

TEST(RecordingFormat, NoticesEveryFlippedBit) {
  const std::string encoded = encode_record(some_frame());
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    std::string flipped = encoded;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(decode(flipped)) << bit;
  }
}

TEST(RecordingFormat, RefusesWhatNoRecorderWrites) {
  const auto refused = [](const Record& record, const char* reason) {
    const auto decoded = decode(encode_record(record));
    ASSERT_FALSE(decoded) << reason;
    EXPECT_EQ(decoded.error().code(), Code::corrupt);
    EXPECT_THAT(decoded.error().message(), HasSubstr(reason));
  };
  auto frame = some_frame();
  frame.detections[0].box.left = std::numeric_limits<float>::quiet_NaN();
  refused(frame, "nowhere");
  frame = some_frame();
  frame.detections[0].score = 1.5F;
  refused(frame, "score");
  frame = some_frame();
  frame.detections[0].class_id = -1;
  refused(frame, "class");
  frame = some_frame();
  frame.frame.width = 1 << 20;
  refused(frame, "size");
  frame = some_frame();
  frame.frame.time = media::MediaTime::max();
  refused(frame, "time");
  for (const char* name : {"", "../secret.mp4", "/etc/passwd", ".hidden", "a b"}) {
    refused(RecordedClip{name, media::MediaTime{}}, "name");
  }
}

TEST(RecordingFormat, NeverTrustsRandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 4 : 256));
    EXPECT_FALSE(decode(bytes));
  }
}

TEST(RecordingFormat, TellsWhatItIsNotAndWhatIsNewer) {
  EXPECT_TRUE(check_recording_mark(bytes_of(recording_mark())));
  EXPECT_EQ(recording_mark().size(), kRecordingMarkBytes);
  const auto foreign = check_recording_mark(bytes_of("RIFF....AVI LIST"));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), Code::corrupt);
  const auto newer = check_recording_mark(bytes_of(std::string("oclrec\x09\x00", 8)));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), Code::unsupported);
  EXPECT_THAT(newer.error().message(), HasSubstr("version 9"));
}

}  // namespace
}  // namespace ocelli::engine
