#include "media/clip_writer.h"

#include <csignal>
#include <filesystem>
#include <limits>
#include <optional>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "media/testing/clip.h"
#include "media/testing/pictures.h"

extern "C" {
#include <libavcodec/packet.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using testing::decode_pictures;
using testing::ffmpeg;
using ::testing::HasSubstr;
using testing::make_clip;
using testing::Picture;
using testing::TemporaryFolder;

class ClipWriterTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> open(const std::string& path) {
    auto source = Source::open({.url = path}, clock_, {});
    EXPECT_TRUE(source) << source.error().message();
    return *std::move(source);
  }

  /// From the key frame with this number (0 is the first) to the end of the file.
  void copy(const std::string& from, const std::string& to, int first_key = 0) {
    const auto source = open(from);
    const auto format = ClipFormat::of(*source);
    ASSERT_TRUE(format) << format.error().message();
    const auto writer = ClipWriter::create(to, *format);
    int keys = 0;
    while (const auto packet = source->read()) {
      if (packet->is_key()) ++keys;
      if (keys <= first_key) continue;
      const auto status = writer->write(*packet);
      ASSERT_TRUE(status) << status.error().message();
    }
    ASSERT_TRUE(writer->finish());
    EXPECT_EQ(writer->bytes_written(), std::filesystem::file_size(to));
  }

  /// That `clip` shows the last pictures of `source`, bit by bit, as far apart as there, from zero on.
  static void expect_tail_of(const std::vector<Picture>& source, const std::vector<Picture>& clip, std::size_t count) {
    ASSERT_EQ(clip.size(), count);
    const std::size_t skipped = source.size() - count;
    EXPECT_EQ(to_seconds(clip.front().time), 0);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(clip[i].pixels, source[skipped + i].pixels) << "picture " << i;
      EXPECT_NEAR(to_seconds(clip[i].time), to_seconds(source[skipped + i].time) - to_seconds(source[skipped].time),
                  1e-3);
    }
  }

  /// Decoding times increase strictly and no picture is shown before it is decoded.
  void expect_straight_times(const std::string& path) {
    const auto source = open(path);
    std::optional<std::int64_t> last;
    std::int64_t first_shown = std::numeric_limits<std::int64_t>::max();
    while (const auto packet = source->read()) {
      const AVPacket& native = *packet->native();
      if (last) {
        EXPECT_GT(native.dts, *last);
      }
      EXPECT_GE(native.pts, native.dts);
      last = native.dts;
      first_shown = std::min(first_shown, native.pts);
    }
    EXPECT_EQ(first_shown, 0);
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
};

TEST_F(ClipWriterTest, CopiesPicturesBitByBit) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 20 -bf 0"));
  copy(folder_ / "a.mp4", folder_ / "clip.mp4", 2);
  expect_tail_of(decode_pictures(folder_ / "a.mp4"), decode_pictures(folder_ / "clip.mp4"), 60);
  expect_straight_times(folder_ / "clip.mp4");
}

TEST_F(ClipWriterTest, KeepsPicturesInOrderThatAreDecodedInAnother) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 20 -bf 3 -b_strategy 0 -x264-params b-pyramid=2"));
  copy(folder_ / "a.mp4", folder_ / "clip.mp4", 1);
  expect_tail_of(decode_pictures(folder_ / "a.mp4"), decode_pictures(folder_ / "clip.mp4"), 80);
  expect_straight_times(folder_ / "clip.mp4");
}

TEST_F(ClipWriterTest, LeavesOutPicturesThatPredictFromBeforeTheClip) {
  ASSERT_TRUE(
      make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 20 -bf 3 -b_strategy 0 -x264-params open-gop=1:keyint=20"));
  copy(folder_ / "a.mp4", folder_ / "clip.mp4", 1);
  const auto source = decode_pictures(folder_ / "a.mp4");
  const auto clip = decode_pictures(folder_ / "clip.mp4");
  ASSERT_GT(clip.size(), 70U);
  expect_tail_of(source, clip, clip.size());
}

TEST_F(ClipWriterTest, TakesWhatTransportStreamsCarry) {
  ASSERT_TRUE(make_clip(folder_ / "a.ts", 60, "-c:v libx264 -g 20 -bf 2"));
  copy(folder_ / "a.ts", folder_ / "clip.mp4");
  expect_tail_of(decode_pictures(folder_ / "a.ts"), decode_pictures(folder_ / "clip.mp4"), 60);
  expect_straight_times(folder_ / "clip.mp4");
}

TEST_F(ClipWriterTest, PutsIntoMatroskaWhatDoesNotBelongInMp4) {
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 30, "-c:v mjpeg"));
  EXPECT_EQ(ClipFormat::of(*open(folder_ / "a.avi"))->extension(), "mkv");
  copy(folder_ / "a.avi", folder_ / "clip.mkv");
  expect_tail_of(decode_pictures(folder_ / "a.avi"), decode_pictures(folder_ / "clip.mkv"), 30);
}

TEST_F(ClipWriterTest, EndsWhereTheParametersChange) {
  ASSERT_TRUE(make_clip(folder_ / "a.ts", 20, "-c:v libx264 -g 10 -bf 0"));
  ASSERT_TRUE(
      ffmpeg("-f lavfi -i testsrc2=size=320x240:rate=25 -frames:v 20 -c:v libx264 -g 10 -bf 0 " + (folder_ / "b.ts")));
  testing::write_file(folder_ / "ab.ts", testing::read_file(folder_ / "a.ts") + testing::read_file(folder_ / "b.ts"));
  const auto source = open(folder_ / "ab.ts");
  const auto format = ClipFormat::of(*source);
  auto writer = ClipWriter::create(folder_ / "first.mp4", *format);
  int changes = 0;
  while (const auto packet = source->read()) {
    auto status = writer->write(*packet);
    if (!status) {
      ASSERT_EQ(status.error().code(), Code::end_of_stream) << status.error().message();
      ++changes;
      ASSERT_TRUE(writer->finish());
      writer = ClipWriter::create(folder_ / "second.mp4", *format);
      ASSERT_TRUE(writer->write(*packet));
    }
  }
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(decode_pictures(folder_ / "first.mp4").size(), 20U);
  EXPECT_EQ(decode_pictures(folder_ / "second.mp4").size(), 20U);
  EXPECT_EQ(open(folder_ / "second.mp4")->info().width, 320) << "the header tells the new size";
}

TEST_F(ClipWriterTest, SaysWhereItCannotWrite) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 5, "-c:v libx264"));
  const auto source = open(folder_ / "a.mp4");
  const auto writer = ClipWriter::create(folder_ / "missing/a.mp4", *ClipFormat::of(*source));
  EXPECT_EQ(writer->finish().error().code(), Code::invalid) << "nothing was written yet";
  const auto status = writer->write(*source->read());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("missing/a.mp4"));
}

TEST_F(ClipWriterTest, TellsThatNoSpaceIsLeft) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 10 -b:v 2M"));
  // A child process of its own, since the limit holds for the whole process.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20'000, 20'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto source = open(folder_ / "a.mp4");
    const auto writer = ClipWriter::create(folder_ / "clip.mp4", *ClipFormat::of(*source));
    base::Status status;
    while (status) {
      const auto packet = source->read();
      if (!packet) break;
      status = writer->write(*packet);
    }
    if (status) status = writer->finish();
    _exit(!status && status.error().code() == Code::exhausted ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ClipWriterTest, LeavesAPlayableFileWhenItIsKilled) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 100, "-c:v libx264 -g 20 -bf 2"));
  const pid_t child = fork();
  if (child == 0) {
    const auto source = open(folder_ / "a.mp4");
    const auto writer = ClipWriter::create(folder_ / "clip.mp4", *ClipFormat::of(*source));
    for (int i = 0; i < 90; ++i) {
      if (!writer->write(*source->read())) _exit(1);
    }
    kill(getpid(), SIGKILL);
  }
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto whole = decode_pictures(folder_ / "a.mp4");
  const auto rest = decode_pictures(folder_ / "clip.mp4");
  ASSERT_GE(rest.size(), 40U) << "all but the last fragments";
  for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i].pixels, whole[i].pixels);
}

}  // namespace
}  // namespace ocelli::media
