// Cameras of this machine as a Source, through FFmpeg's own V4L2 code and drivers that fake_camera.cc plays.

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "media/decoder.h"
#include "media/internal/capture_device.h"
#include "media/source.h"

namespace ocelli::media {
namespace {

using base::Code;
using std::chrono::milliseconds;
using testing::HasSubstr;

class CameraTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(std::getenv("LD_PRELOAD"), nullptr) << "run it by ctest, which preloads the cameras";
    // Not everybody has the library; ctest shows the test as skipped then.
    if (!internal::load_capture_library()) GTEST_SKIP() << internal::load_capture_library().error().message();
  }

  static SourceConfig config(int number) {
    SourceConfig config;
    config.url = "/dev/video90" + std::to_string(number);
    config.timeout = milliseconds(2'000);
    config.read_timeout = milliseconds(400);
    config.pictures_per_second = 50;
    return config;
  }

  base::Result<std::unique_ptr<Source>> open(int number, std::stop_token stop = {}) {
    return Source::open(config(number), clock_, std::move(stop));
  }

  base::Error refusal(int number) {
    auto source = open(number);
    return source ? base::Error(Code::internal, "it was opened") : std::move(source).error();
  }

  base::Result<FramePtr> first_picture(Source& source) {
    OC_TRY(auto decoder, Decoder::create(source, {}, pool_, clock_, {}));
    OC_TRY(const auto packet, source.read());
    OC_TRY_STATUS(decoder->send(packet));
    OC_TRY_STATUS(decoder->drain());
    return decoder->receive();
  }

  /// Reads until that fails.
  static base::Error end_of(Source& source, int& packets) {
    for (packets = 0;; ++packets) {
      auto packet = source.read();
      if (!packet) return std::move(packet).error();
    }
  }

  base::SystemClock clock_;
  FramePool pool_{4};
};

void expect_dark_and_bright(const Frame& frame, int dark, int bright) {
  ASSERT_EQ(frame.width(), 320);
  ASSERT_EQ(frame.height(), 240);
  const PlaneView& luma = frame.plane(0);
  const std::uint8_t* row = luma.data + 120 * luma.stride_bytes;
  EXPECT_NEAR(row[80], dark, 2);
  EXPECT_NEAR(row[240], bright, 2);
}

TEST_F(CameraTest, GivesMotionJpegWhereItCan) {
  auto source = open(0);
  ASSERT_TRUE(source) << source.error().message();
  const StreamInfo& info = (*source)->info();
  EXPECT_EQ(info.codec, "mjpeg");
  EXPECT_TRUE(info.live);
  EXPECT_NEAR(info.frames_per_second, 50, 0.1);
  auto frame = first_picture(**source);
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ((*frame)->info().color.range, ColorRange::full);
  expect_dark_and_bright(**frame, 64, 192);
}

TEST_F(CameraTest, GivesRawPicturesWhereItHasNoOthers) {
  auto source = open(1);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().codec, "rawvideo");
  auto frame = first_picture(**source);
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ((*frame)->info().format, PixelFormat::yuv420p);
  expect_dark_and_bright(**frame, 64, 192);
}

TEST_F(CameraTest, TellsTheDriversTimes) {
  auto source = open(0);
  ASSERT_TRUE(source) << source.error().message();
  for (int number = 0; number < 10; ++number) {
    const auto packet = (*source)->read();
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_EQ(packet->time().time_since_epoch(), milliseconds(20 * number));
    EXPECT_TRUE(packet->is_key());
  }
}

TEST_F(CameraTest, GoesOnWhilePacketsAreKeptAndLeavesThemBehind) {
  auto source = open(1);
  ASSERT_TRUE(source) << source.error().message();
  std::vector<Packet> kept;  // more than the driver has buffers
  for (int number = 0; number < 20; ++number) {
    auto packet = (*source)->read();
    ASSERT_TRUE(packet) << packet.error().message();
    kept.push_back(*std::move(packet));
  }
  source->reset();
  for (const Packet& packet : kept) EXPECT_EQ(packet.bytes()[0], 64);
}

TEST_F(CameraTest, IsNotWaitedForLongerThanToldTo) {
  auto source = open(2);
  ASSERT_TRUE(source) << source.error().message();
  int packets = 0;
  const base::Error error = end_of(**source, packets);
  EXPECT_EQ(packets, 5);
  EXPECT_EQ(error.code(), Code::timeout) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("no picture within 400 ms"));
}

TEST_F(CameraTest, IsLeftAtOnceWhenAskedTo) {
  std::stop_source stop;
  SourceConfig patient = config(2);
  patient.read_timeout = milliseconds(60'000);
  auto source = Source::open(patient, clock_, stop.get_token());
  ASSERT_TRUE(source) << source.error().message();
  std::jthread asks([&] {
    clock_.wait_until(clock_.now() + milliseconds(300), {});
    stop.request_stop();
  });
  const auto began = clock_.now();
  int packets = 0;
  EXPECT_EQ(end_of(**source, packets).code(), Code::cancelled);
  EXPECT_LT(clock_.now() - began, milliseconds(2'000));
}

TEST_F(CameraTest, TellsWhenItIsUnplugged) {
  auto source = open(3);
  ASSERT_TRUE(source) << source.error().message();
  int packets = 0;
  const base::Error error = end_of(**source, packets);
  EXPECT_EQ(packets, 5);
  EXPECT_EQ(error.code(), Code::unavailable);
  EXPECT_EQ(error.message(), "cannot read /dev/video903: the camera is gone; was it unplugged?");
}

TEST_F(CameraTest, LeavesOutPicturesThatArrivedDamaged) {
  auto source = open(4);
  ASSERT_TRUE(source) << source.error().message();
  for (int number = 0; number < 4; ++number) {
    const auto packet = (*source)->read();
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_EQ(packet->time().time_since_epoch(), milliseconds(40 * number));
  }
}

TEST_F(CameraTest, HasNoPastToGoBackTo) {
  auto source = open(0);
  ASSERT_TRUE(source) << source.error().message();
  ASSERT_TRUE((*source)->read());
  EXPECT_EQ((*source)->seek(MediaTime{}).error().code(), Code::unsupported);
}

TEST_F(CameraTest, TellsWhyItCannotBeHad) {
  struct Refusal {
    int number;
    Code code;
    const char* words;
  };
  for (const Refusal& expected :
       {Refusal{5, Code::unavailable, "group video"}, Refusal{6, Code::unavailable, "busy"},
        Refusal{7, Code::unsupported, "is not a capture device"}, Refusal{8, Code::unsupported, "no V4L2 device"},
        Refusal{9, Code::unavailable, "driver fails"}}) {
    const base::Error error = refusal(expected.number);
    EXPECT_EQ(error.code(), expected.code) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(expected.words));
  }
}

}  // namespace
}  // namespace ocelli::media
