#include "media/source.h"

#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "media/testing/clip.h"
#include "media/testing/http_server.h"
#include "media/testing/loopback_listener.h"

extern "C" {
#include <libavutil/mem.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using ::testing::HasSubstr;
using testing::make_clip;
using testing::TemporaryFolder;

class SourceTest : public ::testing::Test {
 protected:
  base::Result<std::unique_ptr<Source>> open(const std::string& url,
                                             std::chrono::milliseconds timeout = std::chrono::seconds(10),
                                             std::stop_token stop = {}) {
    SourceConfig config;
    config.url = url;
    config.timeout = timeout;
    return Source::open(config, clock_, std::move(stop));
  }

  /// Reads to the end: how many packets, and the last error.
  std::pair<int, base::Error> read_all(Source& source) {
    for (int packets = 0;; ++packets) {
      auto packet = source.read();
      if (!packet) return {packets, packet.error()};
    }
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
};

TEST_F(SourceTest, DescribesAClip) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264"));
  const auto source = open(folder_ / "a.mp4");
  ASSERT_TRUE(source) << source.error().message();
  const StreamInfo& info = (*source)->info();
  EXPECT_EQ(info.codec, "h264");
  EXPECT_EQ(info.width, 160);
  EXPECT_EQ(info.height, 120);
  EXPECT_DOUBLE_EQ(info.frames_per_second, 25);
  EXPECT_EQ(info.frame_count, 30U);
  EXPECT_FALSE(info.live);
}

TEST_F(SourceTest, GivesEveryPacketAndThenTheEnd) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264 -bf 2"));
  const auto source = open(folder_ / "a.mp4");
  ASSERT_TRUE(source);
  const auto [packets, error] = read_all(**source);
  EXPECT_EQ(packets, 30);
  EXPECT_EQ(error.code(), Code::end_of_stream);
}

TEST_F(SourceTest, ReadsTheRecordingTimeFromTheContainer) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 5, "-c:v libx264 -metadata creation_time=2024-05-06T07:08:09Z"));
  const auto source = open(folder_ / "a.mp4");
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->info().recording_start);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*(*source)->info().recording_start), 1714979289);
}

TEST_F(SourceTest, SeeksToTheKeyFrameBefore) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 25 -bf 0"));
  const auto source = open(folder_ / "a.mp4");
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->seek(from_seconds(2.5)));
  const auto packet = (*source)->read();
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->is_key());
  EXPECT_NEAR(to_seconds(packet->time()), 2.0, 1e-6);
}

TEST_F(SourceTest, SaysThatAFileDoesNotExist) {
  const auto source = open(folder_ / "nothing.mp4");
  EXPECT_EQ(source.error().code(), Code::not_found);
  EXPECT_THAT(source.error().message(), HasSubstr("No such file"));
}

TEST_F(SourceTest, SaysThatAFileIsEmpty) {
  testing::write_file(folder_ / "empty.mp4", "");
  const auto source = open(folder_ / "empty.mp4");
  EXPECT_EQ(source.error().code(), Code::corrupt);
  EXPECT_THAT(source.error().message(), HasSubstr("empty"));
}

TEST_F(SourceTest, RefusesTextThatIsNamedLikeAVideo) {
  testing::write_file(folder_ / "text.mp4", std::string(5000, 'x') + "\nonly words\n");
  const auto source = open(folder_ / "text.mp4");
  EXPECT_EQ(source.error().code(), Code::corrupt);
  EXPECT_THAT(source.error().message(), HasSubstr("no video file"));
}

TEST_F(SourceTest, RefusesAFolder) {
  EXPECT_EQ(open(folder_ / "").error().code(), Code::invalid);
}

TEST_F(SourceTest, RefusesSoundWithoutPicture) {
  ASSERT_TRUE(testing::ffmpeg("-f lavfi -i sine=duration=1 " + (folder_ / "sound.mp4")));
  const auto source = open(folder_ / "sound.mp4");
  EXPECT_EQ(source.error().code(), Code::unsupported);
  EXPECT_THAT(source.error().message(), HasSubstr("no video"));
}

TEST_F(SourceTest, DoesNotLetAPlaylistOpenOtherFiles) {
  ASSERT_TRUE(make_clip(folder_ / "secret.mp4", 5, "-c:v libx264"));
  testing::write_file(folder_ / "list.mp4", "ffconcat version 1.0\nfile " + (folder_ / "secret.mp4") + "\n");
  EXPECT_FALSE(open(folder_ / "list.mp4"));
  ASSERT_TRUE(make_clip(folder_ / "secret.ts", 25, "-c:v libx264"));
  testing::write_file(folder_ / "hls.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + (folder_ / "secret.ts") +
                                               "\n#EXT-X-ENDLIST\n");
  const auto playlist = open(folder_ / "hls.mp4");
  EXPECT_EQ(playlist.error().code(), Code::unsupported);
  EXPECT_THAT(playlist.error().message(), HasSubstr("playlist"));
}

TEST_F(SourceTest, TellsWhereATruncatedFileEnds) {
  ASSERT_TRUE(make_clip(folder_ / "whole.mp4", 60, "-c:v libx264 -movflags +faststart"));
  const std::string bytes = testing::read_file(folder_ / "whole.mp4");
  testing::write_file(folder_ / "cut.mp4", bytes.substr(0, bytes.size() * 6 / 10));
  const auto source = open(folder_ / "cut.mp4");
  ASSERT_TRUE(source) << source.error().message();
  const auto [packets, error] = read_all(**source);
  EXPECT_GT(packets, 5);
  EXPECT_LT(packets, 60);
  EXPECT_EQ(error.code(), Code::corrupt);
  EXPECT_THAT(error.message(), HasSubstr("of 60 frames"));
}

TEST_F(SourceTest, GoesOnBehindADamagedPlace) {
  ASSERT_TRUE(make_clip(folder_ / "a.ts", 30, "-c:v libx264 -bf 0"));
  const std::string whole = testing::read_file(folder_ / "a.ts");
  testing::write_file(folder_ / "hole.ts", whole + std::string(200'000, '\0') + whole);
  auto source = open(folder_ / "hole.ts");
  ASSERT_TRUE(source);
  const auto [packets, error] = read_all(**source);
  EXPECT_EQ(packets, 60);
  EXPECT_EQ(error.code(), Code::end_of_stream) << error.message();
}

TEST_F(SourceTest, TakesATrimmedFileForWhole) {
  ASSERT_TRUE(make_clip(folder_ / "whole.mp4", 60, "-c:v libx264 -g 10 -bf 0"));
  ASSERT_TRUE(testing::ffmpeg("-ss 1.5 -i " + (folder_ / "whole.mp4") + " -c copy " + (folder_ / "trimmed.mp4")));
  const auto source = open(folder_ / "trimmed.mp4");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(read_all(**source).second.code(), Code::end_of_stream);
}

TEST_F(SourceTest, IgnoresARecordingTimeWithoutADate) {
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 5, "-c:v mpeg4 -metadata creation_time=10:11:12"));
  const auto source = open(folder_ / "a.avi");
  ASSERT_TRUE(source);
  EXPECT_FALSE((*source)->info().recording_start);
}

TEST_F(SourceTest, IgnoresTimesBeyondWhatNanosecondsHold) {
  // An IVF file whose header counts 2^32 - 1 frames of 2^31 - 1 seconds each.
  ASSERT_TRUE(make_clip(folder_ / "a.ivf", 5, "-c:v libvpx"));
  std::string bytes = testing::read_file(folder_ / "a.ivf");
  bytes.replace(16, 12, std::string("\x01\0\0\0\xFF\xFF\xFF\x7F\xFF\xFF\xFF\xFF", 12));
  testing::write_file(folder_ / "b.ivf", bytes);
  const auto source = open(folder_ / "b.ivf");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_FALSE((*source)->info().duration);
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 5, "-c:v mpeg4 -metadata creation_time=9999-01-01T00:00:00Z"));
  EXPECT_FALSE((*open(folder_ / "a.avi"))->info().recording_start);
}

TEST_F(SourceTest, RefusesAddressesThatItDoesNotKnow) {
  const auto source = open("rtmp://me:secret@cam/live");
  EXPECT_EQ(source.error().code(), Code::unsupported);
  EXPECT_THAT(source.error().message(), ::testing::Not(HasSubstr("secret")));
}

TEST_F(SourceTest, RefusesAFileWhoseIndexWasCutOff) {
  ASSERT_TRUE(make_clip(folder_ / "whole.mp4", 60, "-c:v libx264"));
  const std::string bytes = testing::read_file(folder_ / "whole.mp4");
  testing::write_file(folder_ / "cut.mp4", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(open(folder_ / "cut.mp4").error().code(), Code::corrupt);
}

TEST_F(SourceTest, SaysThatNobodyListens) {
  std::string authority;
  {
    const testing::LoopbackListener gone;
    authority = gone.authority();
  }
  const auto source = open("rtsp://user:secret@" + authority + "/stream");
  EXPECT_EQ(source.error().code(), Code::unavailable);
  EXPECT_THAT(source.error().message(), HasSubstr("refused"));
  EXPECT_THAT(source.error().message(), ::testing::Not(HasSubstr("secret")));
}

TEST_F(SourceTest, SaysThatAHostIsUnknown) {
  const auto source = open("http://no-such-host.invalid/a.mp4");
  EXPECT_THAT(source.error().message(), HasSubstr("host unknown"));
}

TEST_F(SourceTest, GivesUpOnASilentServerAfterTheTimeout) {
  const testing::LoopbackListener server;
  const auto source = open("rtsp://" + server.authority() + "/stream", std::chrono::milliseconds(200));
  EXPECT_EQ(source.error().code(), Code::timeout);
}

TEST_F(SourceTest, StopsWaitingWhenAsked) {
  const testing::LoopbackListener server;
  std::stop_source stop;
  stop.request_stop();
  const auto source = open("http://" + server.authority() + "/a.mp4", std::chrono::seconds(60), stop.get_token());
  EXPECT_EQ(source.error().code(), Code::cancelled);
}

TEST_F(SourceTest, OpensBytesFromMemoryAsItOpensAFile) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264"));
  const std::string bytes = testing::read_file(folder_ / "a.mp4");
  auto reader = std::make_unique<MemoryReader>(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  const auto source = Source::open(std::move(reader), {"upload"}, clock_, {});
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().frame_count, 30U);
  ASSERT_TRUE((*source)->seek(from_seconds(0)));
  EXPECT_EQ(read_all(**source).first, 30);
}

TEST_F(SourceTest, OpensBytesThatAnotherThreadBrings) {
  ASSERT_TRUE(make_clip(folder_ / "a.ts", 30, "-c:v libx264"));
  const std::string bytes = testing::read_file(folder_ / "a.ts");
  const auto queue = std::make_shared<ByteQueue>(2'000);
  std::jthread producer([&] {
    EXPECT_TRUE(queue->write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                             std::chrono::seconds(10), {}));
    queue->finish();
  });
  const auto source = Source::open(ByteQueue::reader_of(queue), {"upload"}, clock_, {});
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->seek(from_seconds(0)).error().code(), Code::unsupported);
  const auto [packets, error] = read_all(**source);
  EXPECT_EQ(packets, 30);
  EXPECT_EQ(error.code(), Code::end_of_stream);
}

TEST_F(SourceTest, TellsWhyTheBytesBrokeOff) {
  const auto queue = std::make_shared<ByteQueue>(2'000);
  queue->finish(base::Error(Code::unavailable, "the client hung up"));
  const auto source = Source::open(ByteQueue::reader_of(queue), {"upload"}, clock_, {});
  EXPECT_EQ(source.error().code(), Code::unavailable);
  EXPECT_THAT(source.error().message(), HasSubstr("upload: the client hung up"));
}

class PipeTest : public SourceTest {
 protected:
  void SetUp() override { ASSERT_EQ(mkfifo(pipe_.c_str(), 0600), 0); }
  std::jthread write(const std::string& file) {
    return std::jthread([this, bytes = testing::read_file(file)] { testing::write_file(pipe_, bytes); });
  }

  const std::string pipe_ = folder_ / "pipe";
};

TEST_F(PipeTest, OpensAPipe) {
  ASSERT_TRUE(make_clip(folder_ / "a.mkv", 30, "-c:v libx264"));
  const auto writer = write(folder_ / "a.mkv");
  const auto source = open(pipe_);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(read_all(**source).first, 30);
}

TEST_F(PipeTest, SaysThatAPipeCannotReadAnIndexAtTheEnd) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264"));
  const auto writer = write(folder_ / "a.mp4");
  const auto source = open(pipe_);
  EXPECT_EQ(source.error().code(), Code::unsupported);
  EXPECT_THAT(source.error().message(), HasSubstr("faststart"));
}

TEST_F(PipeTest, GivesUpOnAPipeThatNobodyWritesTo) {
  const auto source = open(pipe_, std::chrono::milliseconds(50));
  EXPECT_EQ(source.error().code(), Code::timeout);
}

TEST_F(SourceTest, GoesByTheContentAndNotByTheName) {
  ASSERT_TRUE(make_clip(folder_ / "a.264", 10, "-c:v libx264 -f h264"));
  std::filesystem::rename(folder_ / "a.264", folder_ / "a.mp4");
  const auto source = open(folder_ / "a.mp4");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().container, "h264");
}

TEST_F(SourceTest, DoesNotTakeThePercentSignInANameForAPattern) {
  ASSERT_TRUE(make_clip(folder_ / "1.jpg", 1, "-update 1"));
  std::filesystem::rename(folder_ / "1.jpg", folder_ / "%d.jpg");
  const auto source = open(folder_ / "%d.jpg");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(read_all(**source).first, 1);
}

TEST_F(SourceTest, SaysWhatADamagedFileLookedLike) {
  ASSERT_TRUE(make_clip(folder_ / "a.mkv", 10, "-c:v libx264"));
  const std::string bytes = testing::read_file(folder_ / "a.mkv");
  testing::write_file(folder_ / "b.mkv", bytes.substr(0, 60));
  const auto source = open(folder_ / "b.mkv");
  EXPECT_EQ(source.error().code(), Code::corrupt);
  EXPECT_THAT(source.error().message(), HasSubstr("looks like Matroska"));
}

TEST_F(SourceTest, FallsBackToFfmpegsProbeWhereTheFirstBytesMislead) {
  ASSERT_TRUE(make_clip(folder_ / "a.ts", 30, "-c:v libx264"));
  // The signature of FLV, but nothing of FLV behind it.
  testing::write_file(folder_ / "b.ts", "FLV\x01" + std::string(9, '\0') + testing::read_file(folder_ / "a.ts"));
  const auto source = open(folder_ / "b.ts");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().container, "mpegts");
}

TEST_F(SourceTest, OpensWhatOnlyFfmpegKnows) {
  ASSERT_TRUE(make_clip(folder_ / "a.nut", 10, "-c:v libx264"));
  const auto source = open(folder_ / "a.nut");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(read_all(**source).first, 10);
}

/// Found by avio_fuzz: FFmpeg would ask for the 1.4 GB that the second box of these bytes says it has.
TEST_F(SourceTest, AsksForNoMoreMemoryThanAPictureNeedsWhateverAFileSays) {
  using namespace std::string_view_literals;
  constexpr auto kForged = "\0\0\0 ftypsfmake_non_negativetyps SCR ftypsfmake_non_negatif"sv;
  const std::vector<std::uint8_t> bytes(kForged.begin(), kForged.end());
  const auto source = Source::open(std::make_unique<MemoryReader>(bytes), {"bytes"}, clock_, {});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code(), Code::corrupt) << source.error().message();
  const std::unique_ptr<void, decltype(&av_free)> block(av_malloc(700'000'000), &av_free);
  EXPECT_EQ(block, nullptr);
}

TEST_F(SourceTest, RefusesTheDescriptionOfAnRtpSession) {
  testing::write_file(folder_ / "a.sdp",
                      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                      "m=video 5004 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n");
  const auto source = open(folder_ / "a.sdp");
  EXPECT_EQ(source.error().code(), Code::unsupported);
  EXPECT_THAT(source.error().message(), HasSubstr("RTP/SAVP"));
}

/// An AVI whose index is absent or wrong, made from a good one.
class AviIndexTest : public SourceTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_clip(folder_ / "a.avi", 100, "-c:v mpeg4 -g 25 -bf 0 -q:v 5"));
    bytes_ = testing::read_file(folder_ / "a.avi");
    index_ = bytes_.rfind("idx1");
    ASSERT_NE(index_, std::string::npos);
  }

  base::Result<std::unique_ptr<Source>> open_bytes(const std::string& bytes) {
    testing::write_file(folder_ / "b.avi", bytes);
    return open(folder_ / "b.avi");
  }

  void expect_to_seek(Source& source) {
    ASSERT_TRUE(source.seek(from_seconds(2.5)));
    const auto packet = source.read();
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_TRUE(packet->is_key());
    EXPECT_NEAR(to_seconds(packet->time()), 2.0, 1e-6);
  }

  std::string bytes_;
  std::size_t index_ = 0;
};

TEST_F(AviIndexTest, LeavesASoundIndexAlone) {
  const auto source = open_bytes(bytes_);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_FALSE((*source)->info().index_rebuilt);
  EXPECT_EQ((*source)->info().frame_count, 100U);
  expect_to_seek(**source);
}

TEST_F(AviIndexTest, IsRebuiltWhereItIsAbsent) {
  const auto source = open_bytes(bytes_.substr(0, index_));
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_TRUE((*source)->info().index_rebuilt);
  EXPECT_EQ((*source)->info().frame_count, 100U);
  expect_to_seek(**source);
  ASSERT_TRUE((*source)->seek(from_seconds(0)));
  EXPECT_EQ(read_all(**source).first, 100);
}

TEST_F(AviIndexTest, IsRebuiltWhereItIsWrong) {
  std::string damaged = bytes_;
  for (std::size_t i = index_ + 8; i < damaged.size(); ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x5A);
  const auto source = open_bytes(damaged);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_TRUE((*source)->info().index_rebuilt);
  EXPECT_EQ((*source)->info().frame_count, 100U);
  EXPECT_EQ(read_all(**source).first, 100);
  expect_to_seek(**source);
}

TEST_F(AviIndexTest, IsRebuiltWhereTheRecordingBrokeOff) {
  // As a recorder leaves it that lost power: no sizes, no counts, a last frame that is cut.
  std::string cut = bytes_.substr(0, index_ * 6 / 10);
  const std::size_t movi = cut.find("movi");
  cut.replace(movi - 4, 4, std::string(4, '\0'));
  cut.replace(cut.find("avih") + 8 + 16, 4, std::string(4, '\0'));
  cut.replace(cut.find("strh") + 8 + 32, 4, std::string(4, '\0'));
  const auto source = open_bytes(cut);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_TRUE((*source)->info().index_rebuilt);
  const auto frames = (*source)->info().frame_count;
  ASSERT_TRUE(frames);
  EXPECT_GT(*frames, 50U);
  EXPECT_LT(*frames, 65U);
  EXPECT_EQ(static_cast<std::uint64_t>(read_all(**source).first), *frames);
  expect_to_seek(**source);
}

TEST_F(AviIndexTest, SurvivesDamageBetweenChunks) {
  std::string damaged = bytes_.substr(0, index_);
  const std::size_t middle = damaged.size() / 2;
  for (std::size_t i = middle; i < middle + 3000; ++i) damaged[i] = '\xAA';
  const auto source = open_bytes(damaged);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_GT(*(*source)->info().frame_count, 90U);
  EXPECT_GT(read_all(**source).first, 90);
}

TEST_F(AviIndexTest, GoesOnAfterAChunkWhoseSizeIsALie) {
  std::string damaged = bytes_.substr(0, index_);
  const std::size_t chunk = damaged.find("00dc", damaged.find("movi") + 2000);
  damaged.replace(chunk + 4, 4, "\xFF\xFF\xFF\x7F");
  const auto source = open_bytes(damaged);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().frame_count, 99U);
  EXPECT_EQ(read_all(**source).first, 99);
}

TEST_F(AviIndexTest, KnowsKeyFramesOfH264) {
  ASSERT_TRUE(make_clip(folder_ / "h264.avi", 100, "-c:v libx264 -g 25 -bf 0"));
  const std::string bytes = testing::read_file(folder_ / "h264.avi");
  const auto source = open_bytes(bytes.substr(0, bytes.rfind("idx1")));
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().frame_count, 100U);
  expect_to_seek(**source);
}

/// JPEG pictures as a camera sends them: one part each, until the client goes.
testing::HttpServer::Answer motion_jpeg(const std::string& picture) {
  return [picture](const std::string& request, const testing::HttpServer::Send& send) {
    if (request.find("Authorization: Basic bWU6c2VjcmV0") == std::string::npos) {
      send(
          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n");
      return;
    }
    send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
    const std::string part =
        "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(picture.size()) + "\r\n\r\n" +
        picture + "\r\n";
    while (send(part)) std::this_thread::yield();
  };
}

TEST_F(SourceTest, OpensMotionJpegOverHttpAsALiveCamera) {
  ASSERT_TRUE(make_clip(folder_ / "a.jpg", 1, "-update 1"));
  const testing::HttpServer server(motion_jpeg(testing::read_file(folder_ / "a.jpg")));
  const auto source = open("http://me:secret@" + server.authority() + "/video.mjpg");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().codec, "mjpeg");
  EXPECT_EQ((*source)->info().container, "mpjpeg");
  EXPECT_EQ((*source)->info().width, 160);
  EXPECT_TRUE((*source)->info().live);
  // By arrival: the server says nothing about time, and 25 a second would be a guess.
  MediaTime last{};
  for (int i = 0; i < 5; ++i) {
    const auto packet = (*source)->read();
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_GE(packet->time(), last);
    last = packet->time();
  }
  EXPECT_LT(to_seconds(last), 10);
}

TEST_F(SourceTest, SaysThatAPasswordIsWrongWithoutShowingIt) {
  const testing::HttpServer server(motion_jpeg("x"));
  const auto source = open("http://me:hunter2@" + server.authority() + "/video.mjpg?token=hunter2");
  EXPECT_EQ(source.error().code(), Code::invalid);
  EXPECT_THAT(source.error().message(), HasSubstr("password"));
  EXPECT_THAT(source.error().message(), ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(SourceTest, OpensAFileOverHttp) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264 -movflags +faststart"));
  const std::string bytes = testing::read_file(folder_ / "a.mp4");
  const testing::HttpServer server([&](const std::string& /*request*/, const testing::HttpServer::Send& send) {
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\nConnection: close\r\n\r\n" +
         bytes);
  });
  const auto source = open("http://" + server.authority() + "/a.mp4");
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_FALSE((*source)->info().live);
  EXPECT_EQ(read_all(**source).first, 30);
}

TEST_F(SourceTest, SaysThatAServerDoesNotKnowThePath) {
  const testing::HttpServer server([&](const std::string& /*request*/, const testing::HttpServer::Send& send) {
    send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  EXPECT_EQ(open("http://" + server.authority() + "/a.mp4").error().code(), Code::not_found);
}

TEST_F(SourceTest, LetsFfmpegWriteNothingOfAnAddressAnywhere) {
  const testing::HttpServer server([&](const std::string& /*request*/, const testing::HttpServer::Send& send) {
    send("HTTP/1.1 500 Nonsense\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  for (const char* scheme : {"http", "https", "rtsp", "rtsps"}) {
    const std::string url = std::string(scheme) + "://me:hunter2@" + server.authority() + "/a?token=hunter2";
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    const auto source = open(url, std::chrono::milliseconds(300));
    const std::string written = ::testing::internal::GetCapturedStderr() + ::testing::internal::GetCapturedStdout();
    ASSERT_FALSE(source);
    EXPECT_EQ(written, "");
    EXPECT_THAT(source.error().message(), ::testing::Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace ocelli::media
