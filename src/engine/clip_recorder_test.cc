#include "engine/clip_recorder.h"

#include <cmath>
#include <filesystem>
#include <memory>

#include <gmock/gmock.h>

#include "engine/record_config.h"
#include "media/testing/clip.h"
#include "media/testing/pictures.h"

namespace ocelli::engine {
namespace {

using media::from_seconds;
using media::testing::decode_pictures;
using media::testing::make_clip;
using media::testing::TemporaryFolder;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr double kFrame = 0.04;

class ClipRecorderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    suite_folder = std::make_unique<TemporaryFolder>();
    const std::string path = *suite_folder / "a.mp4";
    ASSERT_TRUE(make_clip(path, 250, "-c:v libx264 -g 25 -bf 2 -b_strategy 0"));  // 10 s
    suite_pictures = decode_pictures(path);
    ASSERT_EQ(suite_pictures.size(), 250U);
  }
  static void TearDownTestSuite() { suite_folder.reset(); }

  void SetUp() override {
    clip_ = *suite_folder / "a.mp4";
    config_.folder = folder_ / "clips";
    config_.before = 2s;
    config_.after = 1s;
    config_.longest = 5s;
  }

  void make_recorder() {
    base::Logger::Config log;
    log.output = [this](std::string_view line) {
      const base::MutexLock lock(mutex_);
      log_ += std::string(line) + "\n";
    };
    recorder_.emplace(config_, "gate", archive_, base::Logger(log, clock_), metrics_,
                      [this](const EventClip& clip) { told_.push_back(clip); });
  }

  void connect(double origin = 0) {
    source_ = *media::Source::open({.url = clip_}, clock_, {});
    recorder_->connected(*source_, from_seconds(origin));
  }

  /// Up to the first packet at or behind this time of the file, or to its end.
  void play_to(double seconds) {
    while (auto packet = source_->read()) {
      recorder_->add(*packet);
      if (packet->time() >= from_seconds(seconds)) return;
    }
  }

  void event_at(double seconds, events::EventType type = events::EventType::line_crossed) {
    events::Event event;
    event.sequence = ++events_;
    event.type = type;
    event.camera = "gate";
    event.time = from_seconds(seconds);
    event.wall_time = base::WallTime(1'700'000'000s) + std::chrono::milliseconds(static_cast<int>(seconds * 1000));
    EXPECT_TRUE(recorder_->accept(event));
  }

  /// Ends everything: the clips by age.
  std::vector<std::string> finish() {
    recorder_->close();
    archive_.close();
    std::vector<std::string> paths;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(config_.folder, none)) paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  /// That the clip shows the pictures of the file from `first` on, bit by bit; to about `last`, since it is cut in the
  /// order of decoding.
  void expect_shows(const std::string& clip, int first, int last) {
    const auto shown = decode_pictures(clip);
    EXPECT_NEAR(static_cast<double>(shown.size()), last - first + 1, 3);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const double place = media::to_seconds(shown[i].time) / kFrame;
      const auto number = static_cast<std::size_t>(first + std::lround(place));
      ASSERT_LT(number, suite_pictures.size());
      EXPECT_NEAR(place, std::round(place), 0.01);
      EXPECT_EQ(shown[i].pixels, suite_pictures[number].pixels) << "picture " << i;
      if (i + 3 < shown.size()) {
        EXPECT_EQ(number, static_cast<std::size_t>(first) + i);
      }
    }
  }

  std::string log() {
    const base::MutexLock lock(mutex_);
    return log_;
  }

  static inline std::unique_ptr<TemporaryFolder> suite_folder;
  static inline std::vector<media::testing::Picture> suite_pictures;  // of a.mp4 in it
  TemporaryFolder folder_;
  std::string clip_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  base::Mutex mutex_;
  std::string log_;
  RecordConfig config_;
  ClipArchive archive_;
  std::optional<ClipRecorder> recorder_;
  std::unique_ptr<media::Source> source_;
  std::uint64_t events_ = 0;
  std::vector<EventClip> told_;
};

TEST_F(ClipRecorderTest, TellsWhichEventsAreInWhichClip) {
  config_.events = {"line_crossed"};
  make_recorder();
  connect();
  play_to(4.3);
  event_at(4.2);
  event_at(4.3, events::EventType::track_began);  // is not wanted
  play_to(4.9);
  event_at(4.8);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[0].camera, "gate");
  EXPECT_EQ(told_[0].sequence, 1U);
  EXPECT_EQ(told_[1].sequence, 3U);
  EXPECT_EQ(told_[0].path, clips[0]);
  EXPECT_EQ(told_[1].path, clips[0]);
}

TEST_F(ClipRecorderTest, KeepsWhatWasBeforeAnEventAndAfter) {
  make_recorder();
  connect();
  play_to(5.3);
  event_at(5.2);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  EXPECT_THAT(clips[0], HasSubstr("gate-20231114T221325200Z-1.mp4"));
  expect_shows(clips[0], 75, 155);  // from the key frame at 3 s, before 3.2 s, to 6.2 s
  EXPECT_THAT(log(), HasSubstr("gate/1"));
  EXPECT_THAT(log(), HasSubstr(clips[0]));
}

TEST_F(ClipRecorderTest, TakesWhatThereIsAtTheVeryBeginning) {
  make_recorder();
  connect();
  play_to(0.04);
  event_at(0.04);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  expect_shows(clips[0], 0, 26);
}

TEST_F(ClipRecorderTest, WaitsForAKeyFrameWhenItHasNone) {
  make_recorder();
  source_ = *media::Source::open({.url = clip_}, clock_, {});
  recorder_->connected(*source_, {});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(source_->read());  // lost on the way: the first key frame among them
  play_to(0.5);
  event_at(0.5);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  expect_shows(clips[0], 25, 37);
}

TEST_F(ClipRecorderTest, ExtendsAClipByEventsThatComeMeanwhile) {
  make_recorder();
  connect();
  play_to(4);
  event_at(4);
  play_to(4.8);
  event_at(4.8);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  expect_shows(clips[0], 50, 145);  // 2 s to 5.8 s
}

TEST_F(ClipRecorderTest, BeginsAnotherClipAtTheLongest) {
  make_recorder();
  connect();
  for (int half_seconds = 6; half_seconds < 16; ++half_seconds) {
    const double time = half_seconds / 2.0;
    play_to(time);
    event_at(time);
  }
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 2U);
  expect_shows(clips[0], 25, 137);  // 1 s to 5.5 s, when an event would have needed 6.5 s
  expect_shows(clips[1], 75, 212);  // 3.5 s back to the key frame at 3 s, to 8.5 s
}

TEST_F(ClipRecorderTest, EndsAClipWhenTheConnectionEnds) {
  make_recorder();
  connect();
  play_to(3);
  event_at(3);
  play_to(3.5);
  recorder_->disconnected();
  connect(20);
  play_to(6);
  event_at(26);
  play_to(10);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 2U);
  expect_shows(clips[0], 25, 87);
  expect_shows(clips[1], 100, 175);
}

TEST_F(ClipRecorderTest, RecordsEventsThatAreToldOfAfterTheEnd) {
  make_recorder();
  connect();
  play_to(10);
  recorder_->disconnected();
  event_at(9.9);
  const auto clips = finish();
  ASSERT_EQ(clips.size(), 1U);
  expect_shows(clips[0], 175, 249);
}

TEST_F(ClipRecorderTest, RecordsOnlyWantedEvents) {
  config_.events = {"zone_entered"};
  make_recorder();
  connect();
  play_to(5);
  event_at(5, events::EventType::track_began);
  play_to(10);
  EXPECT_TRUE(finish().empty());
}

TEST_F(ClipRecorderTest, CountsWhatItCannotRecord) {
  make_recorder();
  connect(100);
  play_to(5);
  event_at(50);  // of a connection long ago
  play_to(10);
  EXPECT_TRUE(finish().empty());
  EXPECT_THAT(metrics_.expose(), HasSubstr("ocelli_clips_dropped_total{camera=\"gate\"} 1"));
  EXPECT_THAT(log(), HasSubstr("gate/1: no picture of that time was kept"));
}

TEST_F(ClipRecorderTest, TellsTheMemoryThatItHolds) {
  make_recorder();
  connect();
  play_to(5);
  const std::string text = metrics_.expose();
  const std::string name = "ocelli_recording_bytes{camera=\"gate\"} ";
  ASSERT_THAT(text, HasSubstr(name));
  const double bytes = std::stod(text.substr(text.find(name) + name.size()));
  EXPECT_GT(bytes, 10'000);
  EXPECT_LT(bytes, 16 << 20);
}

TEST_F(ClipRecorderTest, WarnsOfAGroupLargerThanItsMemory) {
  clip_ = folder_ / "large.mp4";
  ASSERT_TRUE(make_clip(clip_, 100, "-vf noise=alls=60:allf=t+u -c:v libx264 -g 100 -qp 0"));
  config_.memory_mib = 1;
  make_recorder();
  connect();
  play_to(10);
  finish();
  EXPECT_THAT(metrics_.expose(), HasSubstr("ocelli_recording_groups_given_up_total{camera=\"gate\"} 1"));
  EXPECT_THAT(log(), HasSubstr("memory_mib"));
}

TEST(CheckRecord, RefusesContradictions) {
  EXPECT_TRUE(check_record({}));
  RecordConfig config;
  config.events = {"line_crosed"};
  EXPECT_THAT(check_record(config).error().message(), HasSubstr("did you mean 'line_crossed'"));
  config.events = {};
  config.longest = 3s;
  EXPECT_THAT(check_record(config).error().message(), HasSubstr("longest"));
}

}  // namespace
}  // namespace ocelli::engine
