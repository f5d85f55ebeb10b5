#include "media/decoder.h"

#include <malloc.h>
#include <string>

#include <gmock/gmock.h>

#include "base/metrics.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::Code;
using testing::make_clip;
using testing::TemporaryFolder;

struct Decoded {
  std::vector<FramePtr> frames;
  int refused = 0;
};

/// Wipes the second half of the `number`th picture of an AVI file, counted from 0.
void damage_picture(const std::string& path, int number) {
  std::string bytes = testing::read_file(path);
  std::size_t chunk = bytes.find("movi");
  for (int i = 0; i <= number; ++i) {
    chunk = bytes.find("00dc", chunk + 4);
    ASSERT_NE(chunk, std::string::npos);
  }
  const std::size_t size =
      static_cast<unsigned char>(bytes[chunk + 4]) + std::size_t{256} * static_cast<unsigned char>(bytes[chunk + 5]);
  for (std::size_t i = size / 2; i < size; ++i) bytes[chunk + 8 + i] = '\0';
  testing::write_file(path, bytes);
}

/// The samples of all frames, as `ffmpeg -f rawvideo -pix_fmt yuv420p` writes them.
std::string raw_samples(const std::vector<FramePtr>& frames) {
  std::string bytes;
  for (const auto& frame : frames) {
    for (int plane = 0; plane < plane_count(frame->info().format); ++plane) {
      const auto size = plane_size(frame->info().format, plane, frame->width(), frame->height());
      for (int row = 0; row < size.height; ++row) {
        bytes.append(reinterpret_cast<const char*>(frame->plane(plane).data + row * frame->plane(plane).stride_bytes),
                     static_cast<std::size_t>(size.width));
      }
    }
  }
  return bytes;
}

class DecoderTest : public ::testing::Test {
 protected:
  Decoded decode(const std::string& path, FramePool& pool, const Decoder::Config& config = {}) {
    Decoded decoded;
    auto source = Source::open({path}, clock_, {});
    EXPECT_TRUE(source) << source.error().message();
    if (!source) return decoded;
    Decoder::Counters counters{
        metrics_.counter("ocelli_corrupt_total", ""), metrics_.counter("ocelli_converted_total", ""),
        metrics_.counter("ocelli_refused_total", ""), metrics_.counter("ocelli_damaged_total", "")};
    auto decoder = Decoder::create(**source, config, pool, clock_, counters);
    EXPECT_TRUE(decoder) << decoder.error().message();
    if (!decoder) return decoded;
    const auto receive_all = [&] {
      while (true) {
        auto frame = (*decoder)->receive();
        if (frame) {
          decoded.frames.push_back(std::move(*frame));
        } else if (frame.error().code() == Code::exhausted) {
          ++decoded.refused;
        } else if (frame.error().code() != Code::corrupt) {
          return;
        }
      }
    };
    while (auto packet = (*source)->read()) {
      [[maybe_unused]] const auto sent = (*decoder)->send(*packet);
      receive_all();
    }
    EXPECT_TRUE((*decoder)->drain());
    receive_all();
    return decoded;
  }

  double count(const std::string& name) { return metrics_.counter(name, "").value(); }

  TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  FramePool pool_{1000};
};

class EachCodec : public DecoderTest, public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(EachCodec, GivesTheSameSamplesAsFfmpegItself) {
  const std::string clip = folder_ / (std::string("clip.") + GetParam().first);
  ASSERT_TRUE(make_clip(clip, 20, std::string("-pix_fmt yuv420p -c:v ") + GetParam().second));
  ASSERT_TRUE(testing::ffmpeg("-i " + clip + " -f rawvideo " + (folder_ / "raw")));
  const auto decoded = decode(clip, pool_);
  EXPECT_EQ(decoded.frames.size(), 20U);
  EXPECT_TRUE(raw_samples(decoded.frames) == testing::read_file(folder_ / "raw"));
  EXPECT_EQ(count("ocelli_converted_total"), 0);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EachCodec,
                         ::testing::Values(std::pair{"mp4", "libx264 -bf 2"},
                                           std::pair{"mp4", "libx265 -x265-params log-level=none"},
                                           std::pair{"avi", "mpeg4 -bf 0"},
                                           std::pair{"avi", "mjpeg -pix_fmt yuvj420p"}));

TEST_F(DecoderTest, NumbersFramesAndTimesThemStrictlyUpwards) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-c:v libx264 -bf 3"));
  const auto decoded = decode(folder_ / "a.mp4", pool_, {.origin = from_seconds(10), .recording_start = {}});
  ASSERT_EQ(decoded.frames.size(), 30U);
  for (std::size_t i = 0; i < decoded.frames.size(); ++i) {
    EXPECT_EQ(decoded.frames[i]->info().sequence, i);
    EXPECT_NEAR(to_seconds(decoded.frames[i]->time()), 10 + static_cast<double>(i) * 0.04, 1e-3);
  }
}

TEST_F(DecoderTest, InventsTimesWhereTheStreamHasNone) {
  ASSERT_TRUE(make_clip(folder_ / "a.264", 10, "-c:v libx264 -bf 0 -f h264"));
  const auto decoded = decode(folder_ / "a.264", pool_);
  ASSERT_EQ(decoded.frames.size(), 10U);
  for (std::size_t i = 1; i < decoded.frames.size(); ++i) {
    EXPECT_GT(decoded.frames[i]->time(), decoded.frames[i - 1]->time());
  }
}

TEST_F(DecoderTest, StampsFramesOfARecordingWithItsOwnTime) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 3, "-c:v libx264 -bf 0"));
  const base::WallTime start{std::chrono::seconds(1'700'000'000)};
  const auto decoded = decode(folder_ / "a.mp4", pool_, {.origin = {}, .recording_start = start});
  ASSERT_EQ(decoded.frames.size(), 3U);
  EXPECT_EQ(decoded.frames[2]->info().captured, start + std::chrono::milliseconds(80));
}

TEST_F(DecoderTest, DropsAndCountsFramesWhenThePoolIsDry) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 20, "-c:v libx264 -bf 0"));
  FramePool small(5);
  const auto decoded = decode(folder_ / "a.mp4", small);
  EXPECT_EQ(decoded.frames.size(), 5U);
  EXPECT_EQ(decoded.refused, 15);
  EXPECT_EQ(count("ocelli_refused_total"), 15);
}

TEST_F(DecoderTest, ConvertsRareFormatsAndCountsIt) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 4, "-pix_fmt yuv444p -c:v libx264"));
  const auto decoded = decode(folder_ / "a.mp4", pool_);
  ASSERT_EQ(decoded.frames.size(), 4U);
  EXPECT_EQ(decoded.frames[0]->info().format, PixelFormat::yuv420p);
  EXPECT_EQ(count("ocelli_converted_total"), 4);
}

TEST_F(DecoderTest, OpensImagesAsOneFrame) {
  ASSERT_TRUE(make_clip(folder_ / "a.png", 1, ""));
  const auto decoded = decode(folder_ / "a.png", pool_);
  ASSERT_EQ(decoded.frames.size(), 1U);
  EXPECT_EQ(decoded.frames[0]->info().format, PixelFormat::bgr24);
}

TEST_F(DecoderTest, LaysATransparentPictureOnAGroundThatContrasts) {
  // Of one colour, and the less transparent the farther right.
  for (const int level : {0, 255}) {
    const std::string path = folder_ / (std::to_string(level) + ".png");
    const std::string channels =
        "r=" + std::to_string(level) + ":g=" + std::to_string(level) + ":b=" + std::to_string(level);
    ASSERT_TRUE(
        testing::ffmpeg("-f lavfi -i color=black:s=64x64,format=rgba,geq=" + channels + ":a=X*4 -frames:v 1 " + path));
    const auto decoded = decode(path, pool_);
    ASSERT_EQ(decoded.frames.size(), 1U);
    ASSERT_EQ(decoded.frames[0]->info().format, PixelFormat::bgr24);
    const std::uint8_t* row = decoded.frames[0]->plane(0).data;
    EXPECT_EQ(row[0], 255 - level);
    EXPECT_NEAR(row[std::ptrdiff_t{3} * 63], level, 3);
  }
}

TEST_F(DecoderTest, ReadsRangeAndMatrixFromTheStream) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 2, "-pix_fmt yuvj420p -colorspace bt709 -c:v libx264"));
  const auto decoded = decode(folder_ / "a.mp4", pool_);
  ASSERT_EQ(decoded.frames.size(), 2U);
  EXPECT_EQ(decoded.frames[0]->info().color, (ColorSpec{ColorMatrix::bt709, ColorRange::full}));
}

class EachDamagedCodec : public DecoderTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(EachDamagedCodec, CallsPicturesDamagedFromAnErrorToTheNextKeyFrame) {
  const std::string clip = folder_ / "a.avi";
  ASSERT_TRUE(make_clip(clip, 30, std::string("-g 10 -c:v ") + GetParam()));
  for (const auto& frame : decode(clip, pool_).frames) EXPECT_EQ(frame->info().quality, FrameQuality::good);
  damage_picture(clip, 11);  // with B-frames that of 13, of which 11 and 12 are predicted
  for (const auto& frame : decode(clip, pool_).frames) {
    const auto number = frame->info().sequence;
    EXPECT_EQ(frame->info().quality, number > 10 && number < 20 ? FrameQuality::damaged : FrameQuality::good) << number;
  }
  EXPECT_EQ(count("ocelli_damaged_total"), 9);
  EXPECT_GE(count("ocelli_corrupt_total"), 1);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EachDamagedCodec,
                         ::testing::Values("mpeg4 -bf 0", "libx264 -bf 0 -x264-params scenecut=0",
                                           "libx264 -bf 2 -x264-params scenecut=0:b-adapt=0:open-gop=0"));

/// A bare H.264 stream without its `number`th picture, counted from 0.
void drop_picture(const std::string& path, int number) {
  const std::string start_code("\0\0\1", 3);
  const std::string bytes = testing::read_file(path);
  std::string kept;
  int pictures = 0;
  for (auto at = bytes.find(start_code); at != std::string::npos;) {
    const auto next = bytes.find(start_code, at + 3);
    const int unit = bytes[at + 3] & 31;
    const bool is_picture = unit == 1 || unit == 5;
    if (!is_picture || pictures++ != number) kept.append(bytes, at, next == std::string::npos ? next : next - at);
    at = next;
  }
  testing::write_file(path, kept);
}

constexpr const char* kBareStream =
    "-g 10 -c:v libx264 -bf 0 -x264-params scenecut=0:repeat-headers=1:slices=1 -f h264";

TEST_F(DecoderTest, NoticesAPictureThatIsMissing) {
  ASSERT_TRUE(make_clip(folder_ / "a.264", 30, kBareStream));
  drop_picture(folder_ / "a.264", 13);
  const auto decoded = decode(folder_ / "a.264", pool_);
  ASSERT_GE(decoded.frames.size(), 29U);
  EXPECT_EQ(decoded.frames[12]->info().quality, FrameQuality::good);
  EXPECT_EQ(decoded.frames[14]->info().quality, FrameQuality::damaged);
  EXPECT_EQ(decoded.frames.back()->info().quality, FrameQuality::good);
  EXPECT_EQ(count("ocelli_corrupt_total"), 1);
}

class EachHealingCodec : public DecoderTest,
                         public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(EachHealingCodec, ShowsAWholeStreamAsIfThereHadBeenNoDamage) {
  const std::string clip = folder_ / GetParam().first;
  ASSERT_TRUE(make_clip(clip, 60, GetParam().second));
  const auto whole = decode(clip, pool_).frames;
  std::string bytes = testing::read_file(clip);
  bytes.erase(bytes.size() / 3, bytes.size() / 8);
  testing::write_file(clip, bytes);
  const auto healed = decode(clip, pool_).frames;
  ASSERT_GT(whole.size(), 30U);
  ASSERT_GT(healed.size(), 30U);
  EXPECT_GT(count("ocelli_damaged_total"), 0);
  const std::vector<FramePtr> end(whole.end() - 30, whole.end());
  const std::vector<FramePtr> healed_end(healed.end() - 30, healed.end());
  EXPECT_TRUE(raw_samples(healed_end) == raw_samples(end));
  for (const auto& frame : healed_end) EXPECT_EQ(frame->info().quality, FrameQuality::good);
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, EachHealingCodec,
    ::testing::Values(std::pair{"a.264", "-g 10 -c:v libx264 -bf 3 -x264-params repeat-headers=1:open-gop=0"},
                      std::pair{"open.264", "-g 10 -c:v libx264 -bf 3 -x264-params repeat-headers=1:open-gop=1"},
                      std::pair{"a.265", "-g 10 -c:v libx265 -x265-params log-level=none:repeat-headers=1:open-gop=0"},
                      std::pair{"open.265",
                                "-g 10 -c:v libx265 -x265-params log-level=none:repeat-headers=1:open-gop=1"},
                      std::pair{"a.ts", "-g 10 -c:v libx264 -bf 2"}, std::pair{"a.avi", "-g 10 -c:v mpeg4 -bf 2"}));

/// Bytes in use by everybody. Nothing under the sanitizers, whose allocator does not tell.
std::size_t memory_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(DecoderTest, GivesMemoryBackOnceADamagedStreamIsWholeAgain) {
  const std::string clip = folder_ / "a.264";
  ASSERT_TRUE(make_clip(clip, 60, std::string("-s 640x480 -refs 1 -preset ultrafast ") + kBareStream));
  const auto in_use_at_the_end = [&] {
    const auto source = Source::open({clip}, clock_, {});
    const auto decoder = Decoder::create(**source, {}, pool_, clock_, {});
    const std::size_t before = memory_in_use();
    while (const auto packet = (*source)->read()) {
      [[maybe_unused]] const auto sent = (*decoder)->send(*packet);
      while ((*decoder)->receive()) continue;
    }
    return memory_in_use() - before;
  };
  const auto whole = in_use_at_the_end();
  for (int i = 0; i < 4; ++i) drop_picture(clip, 13);
  EXPECT_LE(in_use_at_the_end(), whole + whole / 10);
}

TEST_F(DecoderTest, HandsOnWhatItCanHaveBeforeTheFirstKeyFrame) {
  ASSERT_TRUE(make_clip(folder_ / "a.264", 20, kBareStream));
  drop_picture(folder_ / "a.264", 0);
  const auto decoded = decode(folder_ / "a.264", pool_);
  ASSERT_GE(decoded.frames.size(), 19U);
  EXPECT_EQ(decoded.frames.front()->info().quality, FrameQuality::damaged);
  EXPECT_EQ(decoded.frames.back()->info().quality, FrameQuality::good);
}

TEST_F(DecoderTest, GivesAKeyFrameAtOnceWhenDrainedAndGoesOnWithTheNext) {
  ASSERT_TRUE(make_clip(folder_ / "clip.mp4", 50, "-c:v libx264 -g 10 -bf 3"));
  FramePool pool(4);
  const auto source = Source::open({folder_ / "clip.mp4"}, clock_, {});
  ASSERT_TRUE(source);
  const auto decoder = Decoder::create(**source, {}, pool, clock_, {});
  ASSERT_TRUE(decoder);
  int keys = 0;
  while (const auto packet = (*source)->read()) {
    if (!packet->is_key()) continue;
    ASSERT_TRUE((*decoder)->send(*packet));
    ASSERT_TRUE((*decoder)->drain());
    const auto frame = (*decoder)->receive();
    ASSERT_TRUE(frame) << "of key frame " << keys;
    EXPECT_EQ((*frame)->time(), packet->time());
    EXPECT_EQ((*frame)->info().quality, FrameQuality::good);
    EXPECT_EQ((*decoder)->receive().error().code(), Code::end_of_stream);
    ++keys;
  }
  EXPECT_EQ(keys, 5);
}

TEST_F(DecoderTest, NamesACodecThatItDoesNotKnow) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 3, "-c:v libx264"));
  std::string bytes = testing::read_file(folder_ / "a.mp4");
  bytes.replace(bytes.find("avc1", bytes.find("stsd")), 4, "xyz1");
  testing::write_file(folder_ / "a.mp4", bytes);
  auto source = Source::open({folder_ / "a.mp4"}, clock_, {});
  ASSERT_TRUE(source);
  const auto decoder = Decoder::create(**source, {}, pool_, clock_, {});
  ASSERT_FALSE(decoder);
  EXPECT_EQ(decoder.error().code(), Code::unsupported);
  EXPECT_THAT(decoder.error().message(), ::testing::HasSubstr("no decoder for xyz1"));
}

TEST_F(DecoderTest, SurvivesDamagedStreams) {
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 50, "-c:v mpeg4"));
  const std::string whole = testing::read_file(folder_ / "a.avi");
  for (unsigned int seed = 1; seed <= 8; ++seed) {
    std::string damaged = whole;
    std::srand(seed);
    for (int i = 0; i < 60; ++i) {
      const auto place = 4000 + static_cast<std::size_t>(std::rand()) % (damaged.size() - 4000);
      damaged[place] = static_cast<char>(std::rand());
    }
    testing::write_file(folder_ / "damaged.avi", damaged);
    const auto decoded = decode(folder_ / "damaged.avi", pool_);
    for (std::size_t i = 1; i < decoded.frames.size(); ++i) {
      EXPECT_GT(decoded.frames[i]->time(), decoded.frames[i - 1]->time());
    }
  }
}

}  // namespace
}  // namespace ocelli::media
