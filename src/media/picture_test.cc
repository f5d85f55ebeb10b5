#include "media/picture.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/frame_reader.h"
#include "media/jpeg.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::Code;

constexpr int kWidth = 64;
constexpr int kHeight = 32;

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

/// A JPEG whose left top quarter is bright, all else dark; with an EXIF orientation unless it is 0.
Bytes corner_jpeg(int orientation, int width = kWidth, int height = kHeight) {
  FrameInfo info;
  info.width = width;
  info.height = height;
  info.color.range = ColorRange::full;
  auto builder = FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const PlaneSize size = plane_size(info.format, plane, width, height);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        const bool bright = plane == 0 && x < size.width / 2 && y < size.height / 2;
        builder->plane(plane)[y * builder->stride_bytes(plane) + x] =
            static_cast<std::uint8_t>(plane > 0 ? 128 : (bright ? 240 : 20));
      }
    }
  }
  auto encoder = JpegEncoder::create();
  Bytes jpeg = *(*encoder)->encode(*std::move(*builder).freeze(), 95);
  if (orientation == 0) return jpeg;
  // APP1 with a TIFF header (little endian) and one entry: tag 0x0112, SHORT, one value.
  Bytes exif{0xFF, 0xE1, 0, 34, 'E', 'x', 'i',  'f',  0, 0, 'I', 'I', 42, 0,
             8,    0,    0, 0,  1,   0,   0x12, 0x01, 3, 0, 1,   0,   0,  0};
  exif.insert(exif.end(), {static_cast<std::uint8_t>(orientation), 0, 0, 0, 0, 0, 0, 0});
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  return jpeg;
}

/// Which corner is bright: "left top", ….
std::string bright_corner(const Frame& frame) {
  const int step = sample_bytes(frame.info().format, 0);
  const auto level = [&](int x, int y) {
    return int{frame.plane(0).data[y * frame.plane(0).stride_bytes + std::ptrdiff_t{x} * step]};
  };
  std::string found;
  for (const int y : {frame.height() / 4, frame.height() * 3 / 4}) {
    for (const int x : {frame.width() / 4, frame.width() * 3 / 4}) {
      if (level(x, y) < 128) continue;
      found += x < frame.width() / 2 ? "left " : "right ";
      found += y < frame.height() / 2 ? "top" : "bottom";
    }
  }
  return found;
}

struct Seen {
  int orientation;
  const char* corner;
  bool upright;  ///< as wide as it was stored
};
// EXIF 2.3, table of tag 0x0112: where row 0 and column 0 are.
constexpr std::array<Seen, 9> kSeen{{{0, "left top", true},
                                     {1, "left top", true},
                                     {2, "right top", true},
                                     {3, "right bottom", true},
                                     {4, "left bottom", true},
                                     {5, "left top", false},
                                     {6, "right top", false},
                                     {7, "right bottom", false},
                                     {8, "left bottom", false}}};

TEST(DecodePicture, ShowsAPhotoAsItWasTaken) {
  base::SystemClock clock;
  for (const auto& [orientation, corner, upright] : kSeen) {
    const auto frame = decode_picture(corner_jpeg(orientation), clock);
    ASSERT_TRUE(frame) << orientation << ": " << frame.error().message();
    EXPECT_EQ((*frame)->width(), upright ? kWidth : kHeight) << orientation;
    EXPECT_EQ((*frame)->height(), upright ? kHeight : kWidth) << orientation;
    EXPECT_EQ(bright_corner(**frame), corner) << orientation;
    EXPECT_EQ((*frame)->info().format, PixelFormat::yuv420p) << "as the model's kernel reads it";
    EXPECT_EQ((*frame)->info().quality, FrameQuality::good);
  }
}

TEST(DecodePicture, TurnsPhotosOfAnyOddSize) {
  base::SystemClock clock;
  for (const auto& [orientation, corner, upright] : kSeen) {
    const auto frame = decode_picture(corner_jpeg(orientation, 61, 33), clock);
    ASSERT_TRUE(frame) << orientation << ": " << frame.error().message();
    EXPECT_EQ((*frame)->width(), upright ? 61 : 33) << orientation;
    EXPECT_EQ(bright_corner(**frame), corner) << orientation;
  }
}

TEST(DecodePicture, MeansTheSameAsTheReaderOfFiles) {
  base::SystemClock clock;
  const testing::TemporaryFolder folder;
  const Bytes jpeg = corner_jpeg(6);
  testing::write_file(folder / "photo.jpg", std::string(jpeg.begin(), jpeg.end()));
  const auto reader = FrameReader::open({folder / "photo.jpg"}, clock, {});
  ASSERT_TRUE(reader) << reader.error().message();
  const auto frame = (*reader)->next();
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ((*frame)->width(), kHeight);
  EXPECT_EQ(bright_corner(**frame), "right top");
}

TEST(DecodePicture, ReadsEveryKindByItsSignature) {
  base::SystemClock clock;
  const testing::TemporaryFolder folder;
  for (const std::string kind : {"jpg", "png", "bmp", "webp"}) {
    const std::string path = folder / ("photo." + kind);
    ASSERT_TRUE(testing::ffmpeg("-f lavfi -i testsrc2=size=322x242 -frames:v 1 " + path)) << kind;
    const auto frame = decode_picture(bytes_of(testing::read_file(path)), clock);
    ASSERT_TRUE(frame) << kind << ": " << frame.error().message();
    EXPECT_EQ((*frame)->width(), 322) << kind;
    EXPECT_EQ((*frame)->height(), 242) << kind;
  }
}

TEST(DecodePicture, RefusesWhatIsNoPicture) {
  base::SystemClock clock;
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(testing::make_clip(folder / "clip.mp4", 2, ""));
  for (const std::string& bytes : {std::string(), std::string("no picture"), std::string("#EXTM3U\nhttp://192.0.2.1/a"),
                                   testing::read_file(folder / "clip.mp4")}) {
    const auto frame = decode_picture(bytes_of(bytes), clock);
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code(), Code::unsupported) << frame.error().message();
  }
}

TEST(DecodePicture, SaysWhenNothingCanBeSeen) {
  base::SystemClock clock;
  const std::string png("\x89PNG\r\n\x1A\n and nothing of the kind follows", 40);
  for (const std::string& bytes :
       {std::string("\xFF\xD8\xFF and noise"), png, std::string("BM"), std::string("RIFF\0\0\0\0WEBPVP8 ", 16)}) {
    const auto frame = decode_picture(bytes_of(bytes), clock);
    ASSERT_FALSE(frame) << bytes;
    EXPECT_EQ(frame.error().code(), Code::corrupt) << frame.error().message();
  }
}

TEST(DecodePicture, MarksWhatIsCutOff) {
  base::SystemClock clock;
  Bytes jpeg = corner_jpeg(0, 640, 480);
  jpeg.resize(jpeg.size() / 2);
  const auto frame = decode_picture(jpeg, clock);
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ((*frame)->info().quality, FrameQuality::damaged);
}

}  // namespace
}  // namespace ocelli::media
