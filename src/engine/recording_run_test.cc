#include "engine/recording_run.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/recorded_stream.h"
#include "engine/recording_reader.h"
#include "engine/replay.h"
#include "media/testing/clip.h"

namespace ocelli::engine {
namespace {

namespace fs = std::filesystem;
using base::Code;
using media::testing::TemporaryFolder;
using testing::HasSubstr;
using testing::SizeIs;

/// Sees one person who walks from left to right, and a dog that nobody asked for.
class WalkingPerson final : public infer::Detector {
 public:
  base::Result<std::vector<infer::Detection>> detect(const media::Frame& frame, base::Tracer*) override {
    const auto x = static_cast<float>(10 + 60 * media::to_seconds(frame.time()));
    return std::vector<infer::Detection>{{{x, 40, 20, 50}, 0.9F, 0}, {{5, 5, 10, 10}, 0.8F, 1}};
  }
  const infer::RunTimes& last_times() const override { return times_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

 private:
  infer::RunTimes times_;
  std::vector<std::string> labels_{"person", "dog"};
  std::vector<int> class_groups_{0, 1};
};

RunRecording recording_to(const std::string& folder) {
  RunRecording recording;
  recording.folder = folder;
  recording.header.camera = "gate";
  recording.header.labels = {"person", "dog"};
  recording.header.class_groups = {0, 1};
  return recording;
}

RecordedFrame frame_at(int number) {
  RecordedFrame record;
  record.frame.width = 160;
  record.frame.height = 120;
  record.frame.sequence = static_cast<std::uint64_t>(number);
  record.frame.time = media::MediaTime(std::chrono::milliseconds(40 * number));
  record.detections = {{{static_cast<float>(number), 40, 20, 50}, 0.9F, 0}};
  return record;
}

std::vector<Record> records_in(RecordingReader& reader) {
  std::vector<Record> records;
  while (auto record = reader.next()) records.push_back(*std::move(record));
  return records;
}

std::size_t frames_in(const std::string& folder) {
  const auto reader = RecordingReader::open(folder);
  if (!reader) return 0;
  const auto records = records_in(**reader);
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [](const Record& record) {
    return std::holds_alternative<RecordedFrame>(record);
  }));
}

class RecordingTest : public testing::Test {
 protected:
  /// Runs a clip through a stream whose run is recorded.
  void record_clip(const std::string& options, const std::string& name = "clip.mp4") {
    ASSERT_TRUE(media::testing::make_clip(folder_ / name, 50, options));
    config_.name = "gate";
    config_.source.url = folder_ / name;
    config_.labels = {"person"};
    events::ZoneConfig zone;
    zone.name = "middle";
    zone.corners = {{0.3F, 0}, {0.7F, 0}, {0.7F, 1}, {0.3F, 1}};
    config_.rules.zones = {zone};
    auto recorder = RunRecorder::create(recording_to(folder_ / "run"), base::Logger::null(), metrics_);
    ASSERT_TRUE(recorder) << recorder.error().message();
    base::Executor workers("worker", 1);
    const StreamServices services{clock_, workers, base::Logger::null(), metrics_, nullptr, {}, {}, nullptr, nullptr};
    const auto stream = start_recorded_stream(config_, std::make_unique<WalkingPerson>(), services, **recorder);
    EXPECT_TRUE(stream->wait());
    EXPECT_TRUE((*recorder)->close());
  }

  SceneConfig scene() const {
    SceneConfig scene{"gate", config_.labels, config_.tracker, config_.rules, {"person", "dog"}};
    scene.tracker.class_groups = {0, 1};
    return scene;
  }

  base::Result<ReplayOutcome> replay_run(const std::vector<ReplayVariant>& variants) {
    OC_TRY(const auto reader, RecordingReader::open(folder_ / "run"));
    return replay(*reader, variants, {clock_, {}, nullptr});
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  StreamConfig config_;
};

TEST_F(RecordingTest, GivesTheRunsEventsByteByByte) {
  record_clip("-c:v libx264 -g 10 -bf 2");
  const auto outcome = replay_run({{scene()}, {scene()}});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->recorded.frames, 50U);
  EXPECT_THAT(outcome->recorded.events, SizeIs(testing::Ge(3U)));
  for (const auto& run : outcome->runs) EXPECT_FALSE(first_difference(outcome->recorded, run));
  EXPECT_EQ(outcome->recorded.ended, RecordedEnd::Reason::closed);
  EXPECT_FALSE(outcome->recorded.damage);
}

TEST_F(RecordingTest, HoldsEveryAnalysedPicture) {
  for (const char* name : {"clip.mp4", "clip.avi"}) {
    const bool is_avi = std::string(name).ends_with("avi");
    record_clip(is_avi ? "-c:v mjpeg" : "-c:v libx264 -g 10 -bf 2", name);
    ReplayVariant again{scene()};
    WalkingPerson detector;
    again.detector = &detector;
    const auto outcome = replay_run({again});
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->runs[0].frames, 50U) << name;
    EXPECT_EQ(outcome->runs[0].frames_without_picture, 0U) << name;
    EXPECT_EQ(outcome->runs[0].events.size(), outcome->recorded.events.size()) << name;
    fs::remove_all(folder_ / "run");
  }
}

TEST_F(RecordingTest, TellsTheFirstEventThatDiffers) {
  record_clip("-c:v libx264 -g 10 -bf 0");
  SceneConfig other = scene();
  other.rules.zones.clear();
  const auto outcome = replay_run({{other}});
  ASSERT_TRUE(outcome);
  const auto difference = first_difference(outcome->recorded, outcome->runs[0]);
  ASSERT_TRUE(difference);
  EXPECT_THAT(difference->recorded, HasSubstr("zone_entered"));
  EXPECT_THAT(difference->replayed, testing::Not(HasSubstr("zone_entered")));
}

TEST_F(RecordingTest, UsesWhatIsWholeOfARecordingThatWasCutOff) {
  record_clip("-c:v libx264 -g 10 -bf 0");
  const std::string log = folder_ / "run/00000001.rec";
  const std::string whole = media::testing::read_file(log);
  std::set<std::size_t> frames;
  for (std::size_t size = whole.size(); size > whole.size() / 2; size -= 97) {
    media::testing::write_file(log, whole.substr(0, size));
    const auto outcome = replay_run({{scene()}});
    ASSERT_TRUE(outcome) << outcome.error().message();
    frames.insert(outcome->recorded.frames);
    EXPECT_FALSE(first_difference(outcome->recorded, outcome->runs[0])) << size;
  }
  EXPECT_GT(frames.size(), 5U);
}

TEST_F(RecordingTest, UsesWhatComesBeforeDamage) {
  record_clip("-c:v libx264 -g 10 -bf 0");
  const std::string log = folder_ / "run/00000001.rec";
  std::string bytes = media::testing::read_file(log);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  media::testing::write_file(log, bytes);
  const auto outcome = replay_run({{scene()}});
  ASSERT_TRUE(outcome);
  ASSERT_TRUE(outcome->recorded.damage);
  EXPECT_THAT(*outcome->recorded.damage, HasSubstr("00000001.rec"));
  EXPECT_GT(outcome->recorded.frames, 5U);
  EXPECT_LT(outcome->recorded.frames, 45U);
}

TEST_F(RecordingTest, IsRefusedWhereSomethingElseLies) {
  media::testing::write_file(folder_ / "file", "not a folder");
  const auto on_file = RunRecorder::create(recording_to(folder_ / "file"), base::Logger::null(), metrics_);
  EXPECT_FALSE(on_file);
  fs::create_directory(folder_ / "full");
  media::testing::write_file(folder_ / "full/holiday.jpg", "");
  const auto full = RunRecorder::create(recording_to(folder_ / "full"), base::Logger::null(), metrics_);
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message(), HasSubstr("not empty"));
}

TEST(RecordingReader, SaysWhatIsNoRecording) {
  const TemporaryFolder folder;
  const auto absent = RecordingReader::open(folder / "absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Code::not_found);
  fs::create_directory(folder / "empty");
  const auto empty = RecordingReader::open(folder / "empty");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), Code::not_found);
  fs::create_directory(folder / "other");
  media::testing::write_file(folder / "other/00000001.rec", "something else");
  const auto other = RecordingReader::open(folder / "other");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("no recording"));
}

TEST(RecordingSegments, EndsWhereItIsFull) {
  const TemporaryFolder folder;
  RecordingBounds bounds;
  bounds.most_bytes = 4'000;
  auto segments = RecordingSegments::create(folder / "run", recording_to("").header, bounds);
  ASSERT_TRUE(segments);
  for (int i = 0; i < 100; ++i) {
    const auto record = frame_at(i);
    ASSERT_TRUE((*segments)->write(encode_record(record), record.frame.time));
  }
  EXPECT_TRUE((*segments)->is_full());
  ASSERT_TRUE((*segments)->finish());
  EXPECT_LE(fs::file_size(folder / "run/00000001.rec"), 4'100U);
  const auto reader = RecordingReader::open(folder / "run");
  ASSERT_TRUE(reader);
  const auto records = records_in(**reader);
  EXPECT_GT(records.size(), 20U);
  EXPECT_EQ(std::get<RecordedEnd>(records.back()).reason, RecordedEnd::Reason::full);
}

TEST(RecordingSegments, DropsItsOldestWhereItGoesOn) {
  const TemporaryFolder folder;
  RecordingBounds bounds;
  bounds.when_full = RecordingBounds::WhenFull::drop_oldest;
  bounds.most_bytes = 16'000;
  fs::create_directories(folder / "gate/1/");
  media::testing::write_file(folder / "gate/1/00000001.rec", std::string(3'000, 'x'));
  auto segments = RecordingSegments::create(folder / "gate/2", recording_to("").header, bounds);
  ASSERT_TRUE(segments);
  for (int i = 0; i < 1'000; ++i) {
    const auto record = frame_at(i);
    ASSERT_TRUE((*segments)->write(encode_record(record), record.frame.time));
  }
  ASSERT_TRUE((*segments)->finish());
  EXPECT_FALSE(fs::exists(folder / "gate/1"));
  EXPECT_FALSE(fs::exists(folder / "gate/2/00000001.rec"));
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder / "gate/2")) bytes += entry.file_size();
  EXPECT_LE(bytes, bounds.most_bytes + bounds.most_bytes / 4);
  const auto reader = RecordingReader::open(folder / "gate/2");
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_FALSE((*reader)->has_beginning());
  EXPECT_GT(frames_in(folder / "gate/2"), 50U);
}

TEST(RecordingSegments, RemovesWhatIsTooOldAndNothingElse) {
  const TemporaryFolder folder;
  for (const char* recording : {"a", "b"}) {
    fs::create_directories(fs::path(folder / "gate") / recording);
    media::testing::write_file(folder / ("gate/" + std::string(recording) + "/00000001.rec"), "x");
    media::testing::write_file(folder / ("gate/" + std::string(recording) + "/00000001-1.mp4"), "x");
  }
  media::testing::write_file(folder / "gate/a/notes.txt", "mine");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const char* file : {"gate/a/00000001.rec", "gate/a/00000001-1.mp4"}) fs::last_write_time(folder / file, old);
  RecordingBounds bounds;
  bounds.longest = std::chrono::hours(1);
  hold_recording_bounds(folder / "gate", bounds, folder / "gate/c/00000001");
  EXPECT_FALSE(fs::exists(folder / "gate/a/00000001.rec"));
  EXPECT_FALSE(fs::exists(folder / "gate/a/00000001-1.mp4"));
  EXPECT_TRUE(fs::exists(folder / "gate/a/notes.txt"));
  EXPECT_TRUE(fs::exists(folder / "gate/b/00000001.rec"));
}

}  // namespace
}  // namespace ocelli::engine
