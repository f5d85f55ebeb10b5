#include "media/source.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "media/testing/clip.h"

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
    return Source::open({url, timeout}, clock_, std::move(stop));
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

/// A server that takes connections and never says a word.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_, 4), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(socket_); }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int port_ = 0;
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
    const SilentServer gone;
    authority = gone.authority();
  }
  const auto source = open("rtsp://user:secret@" + authority + "/stream");
  EXPECT_EQ(source.error().code(), Code::unavailable);
  EXPECT_THAT(source.error().message(), HasSubstr("refused"));
  EXPECT_THAT(source.error().message(), ::testing::Not(HasSubstr("secret")));
}

TEST_F(SourceTest, SaysThatAHostIsUnknown) {
  EXPECT_EQ(open("http://no-such-host.invalid/a.mp4").error().code(), Code::unavailable);
}

TEST_F(SourceTest, GivesUpOnASilentServerAfterTheTimeout) {
  const SilentServer server;
  const auto source = open("rtsp://" + server.authority() + "/stream", std::chrono::milliseconds(200));
  EXPECT_EQ(source.error().code(), Code::timeout);
}

TEST_F(SourceTest, StopsWaitingWhenAsked) {
  const SilentServer server;
  std::stop_source stop;
  stop.request_stop();
  const auto source = open("http://" + server.authority() + "/a.mp4", std::chrono::seconds(60), stop.get_token());
  EXPECT_EQ(source.error().code(), Code::cancelled);
}

TEST(RedactUrl, HidesUserAndPassword) {
  EXPECT_EQ(redact_url("rtsp://me:p@ss@cam:554/a?b=c"), "rtsp://***@cam:554/a?***");
  EXPECT_EQ(redact_url("rtsp://me:pa/s?s@cam:554/a"), "rtsp://***@cam:554/a");
  EXPECT_EQ(redact_url("http://cam/stream?user=me&password=secret"), "http://cam/stream?***");
  EXPECT_EQ(redact_url("rtsp://cam/a"), "rtsp://cam/a");
  EXPECT_EQ(redact_url("/home/me/a@b.mp4"), "/home/me/a@b.mp4");
}

}  // namespace
}  // namespace ocelli::media
