#include "media/hardware.h"

#include <atomic>
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/metrics.h"
#include "media/decoder.h"
#include "media/internal/device_layer.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::Code;
using internal::HardwareCodec;
using internal::OpenDevice;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::make_clip;
using testing::TemporaryFolder;

/// A "cuda" without a GPU: FFmpeg's own software decoders in its place, or real attempts at a device that is not there.
class FakeDevices final : public internal::DeviceLayer {
 public:
  bool is_compiled_in(DecodeDevice kind) const override { return kind == DecodeDevice::cuda; }

  base::Result<std::shared_ptr<OpenDevice>> open(DecodeDevice kind) override {
    ++times_opened;
    return std::make_shared<OpenDevice>(OpenDevice{kind, nullptr});
  }

  base::Result<HardwareCodec> find_codec(DecodeDevice, AVCodecID id) const override {
    if (id == AV_CODEC_ID_MPEG4) return base::Error(Code::unsupported, "codec unsupported: it does not decode mpeg4");
    return HardwareCodec{avcodec_find_decoder(wrong_codec.load() ? AV_CODEC_ID_VP9 : id), format};
  }

  base::Status attach(AVCodecContext& context, const OpenDevice&, int) const override {
    context.codec_id = context.codec->id;
    // The decoder asks here for each surface, so that is where one notices that none is left, or the device gone.
    context.get_buffer2 = [](AVCodecContext* asking, AVFrame* frame, int flags) {
      if (--surfaces_left < 0) return failure.load();
      return avcodec_default_get_buffer2(asking, frame, flags);
    };
    return {};
  }

  static constexpr int kEndless = 1 << 30;
  inline static std::atomic<int> surfaces_left{kEndless};
  inline static std::atomic<int> failure{AVERROR_EXTERNAL};
  inline static std::atomic<int> times_opened{0};
  inline static std::atomic<bool> wrong_codec{false};
  AVPixelFormat format = AV_PIX_FMT_NONE;
};

class HardwareTest : public ::testing::Test {
 protected:
  HardwareTest() {
    FakeDevices::surfaces_left = FakeDevices::kEndless;
    FakeDevices::failure = AVERROR_EXTERNAL;
    FakeDevices::times_opened = 0;
    FakeDevices::wrong_codec = false;
  }

  static std::unique_ptr<HardwareDevices> fake_devices(AVPixelFormat format = AV_PIX_FMT_NONE) {
    auto layer = std::make_unique<FakeDevices>();
    layer->format = format;
    return std::make_unique<HardwareDevices>(std::move(layer));
  }

  base::Result<std::unique_ptr<Decoder>> open(const std::string& clip, DecodeDevice device, HardwareDevices* devices) {
    source_ = std::move(*Source::open({clip}, clock_, {}));
    Decoder::Counters counters;
    counters.corrupt = metrics_.counter("ocelli_corrupt_total", "");
    counters.fallbacks = metrics_.counter("ocelli_fallbacks_total", "");
    Decoder::Config config;
    config.device = device;
    config.hardware = devices;
    config.on_use = [this](const DecodeUse& use) { uses_.push_back(use); };
    return Decoder::create(*source_, config, pool_, clock_, counters);
  }

  /// All frames of the clip that open() opened.
  std::vector<FramePtr> decode_all(Decoder& decoder) {
    std::vector<FramePtr> frames;
    const auto receive_all = [&] {
      while (auto frame = decoder.receive()) frames.push_back(std::move(*frame));
    };
    while (const auto packet = source_->read()) {
      EXPECT_TRUE(decoder.send(*packet));
      receive_all();
    }
    EXPECT_TRUE(decoder.drain());
    receive_all();
    return frames;
  }

  std::vector<int> numbers_of(const std::vector<FramePtr>& frames) {
    std::vector<int> numbers;
    for (const auto& frame : frames) numbers.push_back(static_cast<int>(std::lround(to_seconds(frame->time()) * 25)));
    return numbers;
  }

  double count(const std::string& name) { return metrics_.counter(name, "").value(); }

  TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  FramePool pool_{1000};
  std::unique_ptr<Source> source_;
  std::vector<DecodeUse> uses_;
};

std::vector<int> from_to(int first, int last) {
  std::vector<int> numbers;
  for (int number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

TEST(DecodeDevice, IsNamedAndParsed) {
  for (const DecodeDevice kind : hardware_kinds()) EXPECT_EQ(*parse_decode_device(decode_device_name(kind)), kind);
  EXPECT_EQ(*parse_decode_device("auto"), DecodeDevice::automatic);
  const auto wrong = parse_decode_device("gpu");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message(), AllOf(HasSubstr("'gpu'"), HasSubstr("auto, software, cuda")));
}

TEST_F(HardwareTest, OpensADeviceOnceForAllDecoders) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 2, "-c:v libx264"));
  const auto devices = fake_devices();
  for (int camera = 0; camera < 3; ++camera) ASSERT_TRUE(open(folder_ / "a.mp4", DecodeDevice::automatic, &*devices));
  EXPECT_EQ(FakeDevices::times_opened, 1);
  ASSERT_EQ(uses_.size(), 3U);
  EXPECT_EQ(uses_[2], (DecodeUse{DecodeDevice::cuda, "", false}));
}

TEST_F(HardwareTest, SaysWhyItsOwnMachineDoesNotDecodeInHardware) {
  HardwareDevices devices;
  ASSERT_TRUE(devices.is_compiled_in(DecodeDevice::cuda)) << "Debian's FFmpeg has it";
  EXPECT_EQ(devices.open(DecodeDevice::d3d11va).error().code(), Code::unsupported);
  if (!std::filesystem::exists("/dev/dri")) {
    EXPECT_THAT(devices.open(DecodeDevice::vaapi).error().message(), HasSubstr("device missing: no /dev/dri/renderD*"));
  }
  if (!std::filesystem::exists("/dev/nvidiactl")) {
    EXPECT_THAT(devices.open(DecodeDevice::cuda).error().message(), HasSubstr("missing: "));
  }
}

TEST_F(HardwareTest, DecodesInSoftwareWhenAutomaticFindsNothingAndTellsWhy) {
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 10, "-c:v mpeg4"));
  const auto devices = fake_devices();
  auto decoder = open(folder_ / "a.avi", DecodeDevice::automatic, &*devices);
  ASSERT_TRUE(decoder);
  EXPECT_EQ(decode_all(**decoder).size(), 10U);
  ASSERT_EQ(uses_.size(), 1U);
  EXPECT_EQ(uses_[0], (DecodeUse{DecodeDevice::software, "cuda: codec unsupported: it does not decode mpeg4", false}));
  EXPECT_EQ(count("ocelli_fallbacks_total"), 0);
}

TEST_F(HardwareTest, FailsInOneLineWhenTheOneDeviceThatIsWantedCannotBeHad) {
  ASSERT_TRUE(make_clip(folder_ / "a.avi", 2, "-c:v mpeg4"));
  const auto devices = fake_devices();
  const auto decoder = open(folder_ / "a.avi", DecodeDevice::cuda, &*devices);
  ASSERT_FALSE(decoder);
  EXPECT_EQ(decoder.error().code(), Code::unsupported);
  EXPECT_EQ(decoder.error().message(),
            "cannot decode by cuda: codec unsupported: it does not decode mpeg4; or set decode_device to auto or "
            "software");
  EXPECT_FALSE(open(folder_ / "a.avi", DecodeDevice::cuda, nullptr));
}

TEST_F(HardwareTest, ForcedOntoADeviceThatIsNotHereTellsWhatToDo) {
  HardwareDevices devices;
  if (devices.open(DecodeDevice::cuda)) GTEST_SKIP() << "this machine has an NVIDIA GPU";
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 2, "-c:v libx264"));
  const auto decoder = open(folder_ / "a.mp4", DecodeDevice::cuda, &devices);
  ASSERT_FALSE(decoder);
  EXPECT_THAT(decoder.error().message(),
              AllOf(HasSubstr("cannot decode by cuda: "), HasSubstr(" missing: "), HasSubstr("set decode_device")));
  EXPECT_THAT(decoder.error().message(), ::testing::Not(HasSubstr("\n")));
}

TEST_F(HardwareTest, LosesNoPictureWhenFfmpegCannotSetTheHardwareUpForTheStream) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 2"));
  const auto devices = fake_devices(AV_PIX_FMT_CUDA);  // FFmpeg really tries, without a device
  auto decoder = open(folder_ / "a.mp4", DecodeDevice::cuda, &*devices);
  ASSERT_TRUE(decoder);
  const auto frames = decode_all(**decoder);
  EXPECT_EQ(numbers_of(frames), from_to(0, 29));
  for (const auto& frame : frames) EXPECT_EQ(frame->info().quality, FrameQuality::good);
  ASSERT_EQ(uses_.size(), 2U);
  EXPECT_EQ(uses_[0].device, DecodeDevice::cuda);
  EXPECT_EQ(uses_[1].device, DecodeDevice::software);
  EXPECT_TRUE(uses_[1].fell_back);
  EXPECT_THAT(uses_[1].reason, AllOf(HasSubstr("cuda: profile or size unsupported"), HasSubstr("h264"),
                                     HasSubstr("160x120"), HasSubstr("for format cuda")));
  EXPECT_EQ(count("ocelli_fallbacks_total"), 1);
  EXPECT_EQ(count("ocelli_corrupt_total"), 0);
}

TEST_F(HardwareTest, GoesOnInSoftwareFromTheNextKeyFrameWhenTheDeviceIsLost) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 40, "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 -x264-params scenecut=0"));
  const auto devices = fake_devices();
  FakeDevices::surfaces_left = 14;
  auto decoder = open(folder_ / "a.mp4", DecodeDevice::automatic, &*devices);
  ASSERT_TRUE(decoder);
  const auto frames = decode_all(**decoder);
  auto expected = from_to(0, 13);
  for (const int number : from_to(20, 39)) expected.push_back(number);
  EXPECT_EQ(numbers_of(frames), expected);
  for (const auto& frame : frames) EXPECT_EQ(frame->info().quality, FrameQuality::good);
  ASSERT_EQ(uses_.size(), 2U);
  EXPECT_THAT(uses_[1].reason, HasSubstr("cuda: surfaces exhausted (get_buffer() failed"));
  EXPECT_EQ(count("ocelli_fallbacks_total"), 1);
}

TEST_F(HardwareTest, DecodesTheKeyFrameOnWhichTheDeviceFailedInSoftware) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 30, "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 -x264-params scenecut=0"));
  const auto devices = fake_devices();
  FakeDevices::surfaces_left = 20;
  FakeDevices::failure = AVERROR(ENOMEM);
  auto decoder = open(folder_ / "a.mp4", DecodeDevice::automatic, &*devices);
  ASSERT_TRUE(decoder);
  const auto frames = decode_all(**decoder);
  EXPECT_EQ(numbers_of(frames), from_to(0, 29));
  for (const auto& frame : frames) EXPECT_EQ(frame->info().quality, FrameQuality::good);
  ASSERT_EQ(uses_.size(), 2U);
  EXPECT_THAT(uses_[1].reason, HasSubstr("cuda: surfaces exhausted ("));
}

TEST_F(HardwareTest, KeepsTimesRisingAcrossTheLossOfADeviceThatReorders) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 60, "-pix_fmt yuv420p -c:v libx264 -g 12 -bf 3"));
  for (int lost_at = 1; lost_at < 40; lost_at += 3) {
    FakeDevices::surfaces_left = lost_at;
    const auto devices = fake_devices();
    auto decoder = open(folder_ / "a.mp4", DecodeDevice::automatic, &*devices);
    ASSERT_TRUE(decoder);
    const auto frames = decode_all(**decoder);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(numbers_of(frames).back(), 59);
    EXPECT_GE(frames.size(), 60U - 12U - 4U) << lost_at;
    for (std::size_t i = 1; i < frames.size(); ++i) EXPECT_GT(frames[i]->time(), frames[i - 1]->time());
  }
}

TEST_F(HardwareTest, GivesUpADeviceThatGivesNoPicturesForASecond) {
  ASSERT_TRUE(make_clip(folder_ / "a.mp4", 60, "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 -x264-params scenecut=0"));
  const auto devices = fake_devices();
  FakeDevices::wrong_codec = true;  // calls every packet invalid
  auto decoder = open(folder_ / "a.mp4", DecodeDevice::automatic, &*devices);
  ASSERT_TRUE(decoder);
  std::vector<FramePtr> frames;
  while (const auto packet = source_->read()) {
    [[maybe_unused]] const auto sent = (*decoder)->send(*packet);
    while (auto frame = (*decoder)->receive()) frames.push_back(std::move(*frame));
  }
  EXPECT_EQ(numbers_of(frames).front(), 30);
  EXPECT_EQ(frames.front()->info().quality, FrameQuality::good);
  ASSERT_EQ(uses_.size(), 2U);
  EXPECT_THAT(uses_[1].reason, HasSubstr("cuda: device failed ("));
}

TEST_F(HardwareTest, TakesBrokenBytesForWhatTheyAreAndStaysInHardware) {
  ASSERT_TRUE(make_clip(folder_ / "a.264", 30, "-c:v libx264 -g 10 -bf 0 -f h264"));
  std::string bytes = testing::read_file(folder_ / "a.264");
  for (std::size_t i = bytes.size() / 3; i < bytes.size() / 3 + 400; ++i) bytes[i] = static_cast<char>(i * 37);
  testing::write_file(folder_ / "a.264", bytes);
  const auto devices = fake_devices();
  auto decoder = open(folder_ / "a.264", DecodeDevice::automatic, &*devices);
  ASSERT_TRUE(decoder);
  while (const auto packet = source_->read()) {
    [[maybe_unused]] const auto sent = (*decoder)->send(*packet);
    while ((*decoder)->receive()) {
    }
  }
  EXPECT_EQ(uses_.size(), 1U);
  EXPECT_GE(count("ocelli_corrupt_total"), 1);
}

}  // namespace
}  // namespace ocelli::media
