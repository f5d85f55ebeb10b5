#include "engine/stream.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "engine/clip_archive.h"
#include "media/testing/clip.h"
#include "media/testing/http_server.h"
#include "media/testing/pictures.h"

namespace ocelli::engine {
namespace {

using base::Code;
using media::testing::make_clip;
using media::testing::TemporaryFolder;
using ::testing::HasSubstr;
using State = LifeState;

/// Sees one person who walks from left to right.
class WalkingPerson final : public infer::Detector {
 public:
  explicit WalkingPerson(std::chrono::milliseconds duration = {}) : duration_(duration) {}

  base::Result<std::vector<infer::Detection>> detect(const media::Frame& frame, base::Tracer*) override {
    std::this_thread::sleep_for(duration_);  // a slow model: what overload tests are about
    const auto x = static_cast<float>(10 + 60 * media::to_seconds(frame.time()));
    return std::vector<infer::Detection>{{{x, 40, 20, 50}, 0.9F, 0}, {{5, 5, 10, 10}, 0.8F, 1}};
  }
  const infer::RunTimes& last_times() const override { return times_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

 private:
  const std::chrono::milliseconds duration_;
  infer::RunTimes times_;
  std::vector<std::string> labels_{"person", "dog"};
  std::vector<int> class_groups_{0, 1};
};

class Recorder final : public events::EventSink, public events::TrackSink {
 public:
  base::Status accept(const events::Event& event) override {
    seen.push_back(event);
    return {};
  }
  base::Status accept(const events::FrameTracks& tracks) override {
    if (tracks.frame->info().quality == media::FrameQuality::placeholder) {
      placeholders.push_back(tracks.frame->time());
      return {};
    }
    frames.push_back(tracks.frame->info().sequence);
    if (fail_after && frames.size() > *fail_after) return base::Error(Code::exhausted, "the disk is full");
    return {};
  }

  bool shows_placeholders() const override { return true; }

  std::vector<events::Event> seen;
  std::vector<std::uint64_t> frames;
  std::vector<media::MediaTime> placeholders;
  std::optional<std::size_t> fail_after;
};

/// Takes pictures `first` to `last` out of a transport stream, as a line that fails for a moment does.
void lose_pictures(const std::string& path, int first, int last) {
  constexpr std::size_t kPacket = 188;
  constexpr int kVideo = 0x100;  // what ffmpeg calls the first stream
  const std::string whole = media::testing::read_file(path);
  std::string kept;
  int picture = -1;
  for (std::size_t at = 0; at + kPacket <= whole.size(); at += kPacket) {
    const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(whole[at + place]); };
    const bool is_video = ((byte(1) & 0x1F) << 8 | byte(2)) == kVideo;
    if (is_video && (byte(1) & 0x40) != 0) ++picture;
    if (!is_video || picture < first || picture > last) kept += whole.substr(at, kPacket);
  }
  media::testing::write_file(path, kept);
}

/// The bytes of an FLV file up to and with this picture, without those just before it.
std::string flv_with_gap(const std::string& path, int lost_from, int last) {
  constexpr std::size_t kFileHeader = 13;
  constexpr std::size_t kTagHeader = 11;
  constexpr std::size_t kTagTrailer = 4;
  const std::string whole = media::testing::read_file(path);
  std::string kept = whole.substr(0, kFileHeader);
  int picture = -1;
  for (std::size_t at = kFileHeader; at + kTagHeader <= whole.size() && picture < last;) {
    const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(whole[at + place]); };
    const std::size_t size =
        kTagHeader + (std::size_t{byte(1)} << 16 | std::size_t{byte(2)} << 8 | byte(3)) + kTagTrailer;
    if (byte(0) == 9) ++picture;
    if (picture < lost_from || picture == last) kept += whole.substr(at, size);
    at += size;
  }
  return kept;
}

class StreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_clip(folder_ / "clip.mp4", 50, "-c:v libx264 -g 10 -bf 0"));
    config_.name = "gate";
    config_.source.url = folder_ / "clip.mp4";
  }

  std::unique_ptr<Stream> start(std::chrono::milliseconds model_time = {}) {
    const StreamServices services{
        clock_, workers_, base::Logger::null(), metrics_, nullptr, {&recorder_}, {&recorder_}, nullptr, &clips_};
    return Stream::start(config_, std::make_unique<WalkingPerson>(model_time), services);
  }

  struct LossyClip {
    int pictures;
    int key_every;
    int lost_from;
    int lost_to;
  };

  /// Sets up a transport stream that lost pictures on the way.
  bool use_clip(const LossyClip& clip) {
    config_.source.url = folder_ / "clip.ts";
    const std::string options = "-c:v libx264 -bf 0 -g " + std::to_string(clip.key_every);
    if (!make_clip(config_.source.url, clip.pictures, options)) return false;
    lose_pictures(config_.source.url, clip.lost_from, clip.lost_to);
    return true;
  }

  int events_of(events::EventType type) const {
    return static_cast<int>(std::count_if(recorder_.seen.begin(), recorder_.seen.end(),
                                          [&](const events::Event& event) { return event.type == type; }));
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  Recorder recorder_;
  StreamConfig config_;
  base::Executor workers_{"worker", 2};
  ClipArchive clips_;
};

TEST_F(StreamTest, AnalysesEveryFrameOfAFile) {
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  const auto status = stream->status();
  EXPECT_EQ(status.state, State::ended);
  EXPECT_EQ(status.frames_decoded, 50U);
  EXPECT_EQ(status.frames_analysed, 50U);
  EXPECT_EQ(recorder_.frames.size(), 50U);
  EXPECT_NEAR(media::to_seconds(status.position), 49 * 0.04, 1e-3);
  EXPECT_GT(status.decode_time.count(), 0);
}

TEST_F(StreamTest, CountsForPrometheus) {
  EXPECT_TRUE(start()->wait());
  const std::string text = metrics_.expose();
  EXPECT_THAT(text, HasSubstr("ocelli_frames_analysed_total{camera=\"gate\"} 50"));
  EXPECT_THAT(text, HasSubstr("ocelli_events_total{camera=\"gate\",type=\"track_began\"} 2"));
}

TEST_F(StreamTest, TellsOfTracksThatBeganAndEnded) {
  EXPECT_TRUE(start()->wait());
  EXPECT_EQ(events_of(events::EventType::track_began), 2);
  EXPECT_EQ(events_of(events::EventType::track_ended), 2);
}

TEST_F(StreamTest, ReportsOnlyWantedClasses) {
  config_.labels = {"person"};
  EXPECT_TRUE(start()->wait());
  EXPECT_EQ(events_of(events::EventType::track_began), 1);
  EXPECT_EQ(recorder_.seen[0].label, "person");
}

TEST_F(StreamTest, CountsAWalkOverALine) {
  config_.labels = {"person"};
  config_.rules.lines = {{.name = "door", .from = {0.5F, 0}, .to = {0.5F, 1}, .labels = {}}};
  EXPECT_TRUE(start()->wait());
  EXPECT_EQ(events_of(events::EventType::line_crossed), 1);
}

TEST_F(StreamTest, ThinsToTheWantedRate) {
  config_.max_fps = 5;
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_decoded, 50U);
  EXPECT_EQ(stream->status().frames_analysed, 10U);
}

TEST_F(StreamTest, DecodesOnlyKeyFramesWhereTheySuffice) {
  config_.max_fps = 2.5;  // a key frame every .4 s
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  const auto status = stream->status();
  EXPECT_EQ(status.frames_analysed, 5U);
  EXPECT_EQ(status.frames_decoded, 14U) << "the first group tells the distance of key frames";
  EXPECT_EQ(status.packets_left_out, 36U);
  EXPECT_EQ(status.decode_level, media::DecodeLevel::key);
}

TEST_F(StreamTest, DecodesEverythingAgainOnDemand) {
  config_.decode.level = media::DecodeLevel::key;
  config_.loop = true;
  const auto stream = start();
  while (stream->status().packets_left_out < 100) std::this_thread::yield();
  const auto before = stream->status();
  EXPECT_GE(before.packets_left_out, before.frames_decoded * 5);
  stream->set_decode({.level = media::DecodeLevel::every});
  while (stream->status().decode_level != media::DecodeLevel::every) std::this_thread::yield();
  const auto left_out = stream->status().packets_left_out;
  while (stream->status().frames_decoded < before.frames_decoded + 50) std::this_thread::yield();
  EXPECT_EQ(stream->status().packets_left_out, left_out);
}

TEST_F(StreamTest, KeepsToTheTimeWindow) {
  config_.from = media::from_seconds(0.5);
  config_.to = media::from_seconds(1.0);
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_analysed, 13U);  // 0.52 … 1.00
}

TEST_F(StreamTest, SaysWhyItCannotBegin) {
  config_.source.url = folder_ / "nothing.mp4";
  const auto stream = start();
  const auto outcome = stream->wait();
  EXPECT_EQ(outcome.error().code(), Code::not_found);
  EXPECT_EQ(stream->status().state, State::failed);
  EXPECT_THAT(stream->status().reason, HasSubstr("nothing.mp4"));
}

TEST_F(StreamTest, DeliversWhatATruncatedFileStillHas) {
  ASSERT_TRUE(make_clip(folder_ / "whole.mp4", 50, "-c:v libx264 -bf 0 -movflags +faststart"));
  const std::string bytes = media::testing::read_file(folder_ / "whole.mp4");
  media::testing::write_file(config_.source.url, bytes.substr(0, bytes.size() / 2));
  const auto stream = start();
  EXPECT_EQ(stream->wait().error().code(), Code::corrupt);
  EXPECT_GT(recorder_.frames.size(), 3U);
  EXPECT_EQ(events_of(events::EventType::track_ended), events_of(events::EventType::track_began));
}

TEST_F(StreamTest, ShowsPlaceholdersForLostPicturesAndCountsThemAsNothingElse) {
  ASSERT_TRUE(use_clip({.pictures = 50, .key_every = 10, .lost_from = 23, .lost_to = 25}));
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(recorder_.frames.size(), 43U);
  EXPECT_EQ(stream->status().frames_decoded, 47U);
  EXPECT_EQ(stream->status().frames_analysed, 43U);
  ASSERT_EQ(recorder_.placeholders.size(), 7U) << "three that are lost and four that build on them";
  const double first = media::to_seconds(stream->status().position) - (49 - 23) * 0.04;
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(media::to_seconds(recorder_.placeholders[i]), first + static_cast<double>(i) * 0.04, 1e-3);
  }
  EXPECT_THAT(metrics_.expose(), HasSubstr("kind=\"placeholder\"} 3"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("kind=\"loss\"} 1"));
}

TEST_F(StreamTest, AnalysesNoPictureThatALossHasReached) {
  ASSERT_TRUE(use_clip({.pictures = 50, .key_every = 10, .lost_from = 23, .lost_to = 25}));
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_damaged, 4U);
  EXPECT_THAT(metrics_.expose(), HasSubstr("ocelli_frames_left_out_damaged_total{camera=\"gate\"} 4"));
  EXPECT_THAT(recorder_.frames,
              ::testing::Not(::testing::Contains(::testing::AllOf(::testing::Ge(23U), ::testing::Le(26U)))));
}

TEST_F(StreamTest, KnowsOfALossThatTheDecoderCannotSee) {
  // 16 are lost: the numbers of pictures in the bytes go on as if nothing had been.
  ASSERT_TRUE(use_clip({.pictures = 100, .key_every = 50, .lost_from = 20, .lost_to = 35}));
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_decoded, 84U);
  EXPECT_EQ(stream->status().frames_damaged, 14U);
}

TEST_F(StreamTest, AnalysesNothingBeforeTheFirstKeyFrame) {
  ASSERT_TRUE(use_clip({.pictures = 50, .key_every = 10, .lost_from = 0, .lost_to = 4}));
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_analysed, 40U);
}

TEST_F(StreamTest, AnalysesDamagedPicturesWhereDamageIsTheRule) {
  config_.damage_credit = std::chrono::milliseconds(400);
  ASSERT_TRUE(use_clip({.pictures = 50, .key_every = 50, .lost_from = 20, .lost_to = 20}));
  const auto stream = start();
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_damaged, 8U) << "the ninth comes .4 s after the newest whole one";
  EXPECT_EQ(stream->status().frames_analysed, 41U);
}

TEST_F(StreamTest, ShowsNoPlaceholdersWhereFewPicturesAreWanted) {
  config_.max_fps = 5;
  ASSERT_TRUE(use_clip({.pictures = 50, .key_every = 10, .lost_from = 23, .lost_to = 25}));
  EXPECT_TRUE(start()->wait());
  EXPECT_TRUE(recorder_.placeholders.empty());
}

TEST_F(StreamTest, RecordsClipsOfItsEvents) {
  config_.labels = {"person"};
  config_.rules.lines = {{.name = "door", .from = {0.5F, 0}, .to = {0.5F, 1}, .labels = {}}};
  config_.record.folder = folder_ / "clips";
  config_.record.events = {"line_crossed"};
  config_.record.before = std::chrono::milliseconds(300);
  config_.record.after = std::chrono::milliseconds(200);
  EXPECT_TRUE(start()->wait());
  clips_.close();
  ASSERT_EQ(events_of(events::EventType::line_crossed), 1);
  const double crossed =
      media::to_seconds(std::find_if(recorder_.seen.begin(), recorder_.seen.end(), [](const events::Event& event) {
                          return event.type == events::EventType::line_crossed;
                        })->time);
  std::vector<std::string> clips;
  for (const auto& entry : std::filesystem::directory_iterator(config_.record.folder)) clips.push_back(entry.path());
  ASSERT_EQ(clips.size(), 1U);
  const double begin = std::floor((crossed - 0.3) / 0.4 + 1e-6) * 0.4;  // a key frame every .4 s
  const auto pictures = media::testing::decode_pictures(clips[0]);
  EXPECT_NEAR(static_cast<double>(pictures.size()), (crossed + 0.2 - begin) / 0.04 + 1, 0.01);
  EXPECT_EQ(
      pictures.front().pixels,
      media::testing::decode_pictures(config_.source.url)[static_cast<std::size_t>(std::lround(begin / 0.04))].pixels);
}

TEST_F(StreamTest, EndsWhenResultsCannotBeDelivered) {
  recorder_.fail_after = 5;
  const auto stream = start();
  EXPECT_EQ(stream->wait().error().code(), Code::exhausted);
  EXPECT_TRUE(stream->status().sink_failed);
}

TEST_F(StreamTest, StopsInTheMiddleAndEndsItsTracks) {
  config_.loop = true;
  const auto stream = start();
  while (stream->status().frames_analysed < 20) std::this_thread::yield();
  stream->stop();
  EXPECT_EQ(stream->wait().error().code(), Code::cancelled);
  EXPECT_EQ(stream->status().state, State::ended);
  EXPECT_EQ(events_of(events::EventType::track_ended), events_of(events::EventType::track_began));
}

TEST_F(StreamTest, MayBeDestroyedAtAnyTime) {
  config_.loop = true;
  for (int i = 0; i < 10; ++i) {
    const auto stream = start();
    for (int yields = 0; yields < i * 100; ++yields) std::this_thread::yield();
  }
}

TEST_F(StreamTest, ContinuesItsTimeAxisWhenAFileLoops) {
  config_.loop = true;
  const auto stream = start();
  while (stream->status().frames_analysed < 120) std::this_thread::yield();
  stream->stop();
  [[maybe_unused]] const auto outcome = stream->wait();
  EXPECT_GT(media::to_seconds(stream->status().position), 4);
}

TEST_F(StreamTest, DropsLateFramesInsteadOfFallingBehind) {
  config_.pace = Pace::natural;
  const auto stream = start(std::chrono::milliseconds(120));  // three times the frame interval
  EXPECT_TRUE(stream->wait());
  const auto status = stream->status();
  EXPECT_EQ(status.frames_decoded, 50U);
  EXPECT_GT(status.frames_dropped, 10U);
  EXPECT_EQ(status.frames_analysed + status.frames_dropped, 50U);
}

TEST_F(StreamTest, HoldsNoPacketUntilASilentCameraSpeaksAgain) {
  ASSERT_TRUE(make_clip(folder_ / "a.flv", 40, "-c:v flv -g 10 -flvflags no_duration_filesize"));
  const std::string bytes = flv_with_gap(folder_ / "a.flv", 28, 31);
  std::latch silence_is_over(1);
  const media::testing::HttpServer server(
      [&](const std::string& /*request*/, const media::testing::HttpServer::Send& send) {
        send("HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n" + bytes);
        silence_is_over.wait();
      });
  config_.source.url = "http://" + server.authority() + "/live.flv";
  config_.source.analyze_duration = std::chrono::milliseconds(200);  // all that FFmpeg may read before the first packet
  config_.life.stall_after = std::chrono::seconds(10);               // or the read would end, and with it every hold
  const auto stream = start();
  const auto deadline = clock_.now() + std::chrono::seconds(5);
  while (stream->status().frames_analysed < 29 && clock_.now() < deadline) {
    ASSERT_FALSE(stream->wait_for(std::chrono::milliseconds(5)));
  }
  EXPECT_EQ(stream->status().frames_analysed, 29U);
  silence_is_over.count_down();
  stream->stop();
}

TEST_F(StreamTest, TriesAgainAfterAFailure) {
  config_.source.url = folder_ / "late.mp4";
  config_.reconnect = true;
  const auto stream = start();
  while (stream->status().reason.empty()) std::this_thread::yield();
  EXPECT_EQ(stream->status().state, State::connecting);
  EXPECT_THAT(stream->status().reason, HasSubstr("late.mp4"));
  std::filesystem::copy_file(folder_ / "clip.mp4", folder_ / "late.mp4");
  EXPECT_TRUE(stream->wait());
  EXPECT_EQ(stream->status().frames_analysed, 50U);
}

TEST_F(StreamTest, OpensNothingWhilePausedAndGoesOnAfterwards) {
  config_.loop = true;
  config_.pace = Pace::natural;
  const auto stream = start();
  while (stream->status().frames_decoded < 5) std::this_thread::yield();
  stream->pause();
  EXPECT_EQ(stream->status().state, State::paused);
  stream->pause();
  std::uint64_t frames = 0;
  do {
    frames = stream->status().frames_decoded;
    std::this_thread::sleep_for(std::chrono::milliseconds(120));  // three frame intervals without a frame
  } while (stream->status().frames_decoded > frames);
  stream->resume();
  while (stream->status().frames_decoded < frames + 5) std::this_thread::yield();
  EXPECT_EQ(stream->status().state, State::live);
}

TEST_F(StreamTest, CanBeStoppedWhilePaused) {
  config_.loop = true;
  const auto stream = start();
  stream->pause();
  stream->stop();
  EXPECT_EQ(stream->wait().error().code(), Code::cancelled);
}

TEST(CheckLabels, SuggestsTheClassThatWasMeant) {
  StreamConfig config;
  config.name = "gate";
  config.labels = {"preson"};
  const auto status = check_labels(config, {"person", "car"});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("did you mean 'person'"));
  config.labels = {"car"};
  EXPECT_TRUE(check_labels(config, {"person", "car"}));
}

TEST(CheckLabels, WantsPeopleWhereBehaviourIsTold) {
  StreamConfig config;
  config.name = "gate";
  config.rules.behaviour.classes = {{.name = "run"}};
  EXPECT_TRUE(check_labels(config, {"person", "car"}));
  config.labels = {"car"};
  const auto status = check_labels(config, {"person", "car"});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("camera gate: behaviour is that of people"));
  config.labels = {};
  EXPECT_THAT(check_labels(config, {"car"}).error().message(), HasSubstr("no class 'person'"));
}

}  // namespace
}  // namespace ocelli::engine
