// Decoding by devices that are really there: the same samples as in software, from many threads at once.
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/metrics.h"
#include "media/decoder.h"
#include "media/download.h"
#include "media/hardware.h"
#include "media/source.h"
#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using testing::TemporaryFolder;

constexpr int kFrames = 60;

bool make_large_clip(const std::string& path, const std::string& options) {
  return testing::ffmpeg("-f lavfi -i testsrc2=size=640x480:rate=25 -frames:v " + std::to_string(kFrames) + " " +
                         options + " " + path);
}

/// The luma of a frame and the sum of its chroma, whichever way that is laid out: equal for equal pictures.
struct Samples {
  std::string luma;
  long chroma = 0;
  bool operator==(const Samples&) const = default;
};

Samples samples_of(const Frame& frame) {
  Samples samples;
  for (int plane = 0; plane < plane_count(frame.info().format); ++plane) {
    const auto size = plane_size(frame.info().format, plane, frame.width(), frame.height());
    const auto bytes =
        static_cast<std::size_t>(size.width) * static_cast<std::size_t>(sample_bytes(frame.info().format, plane));
    for (int row = 0; row < size.height; ++row) {
      const std::uint8_t* from = frame.plane(plane).data + row * frame.plane(plane).stride_bytes;
      if (plane == 0) samples.luma.append(reinterpret_cast<const char*>(from), bytes);
      for (std::size_t i = 0; plane > 0 && i < bytes; ++i) samples.chroma += from[i];
    }
  }
  return samples;
}

struct Outcome {
  std::vector<Samples> pictures;
  std::vector<DecodeUse> uses;
  std::size_t on_device = 0;
};

Outcome decode(const std::string& clip, DecodeDevice device, HardwareDevices& devices) {
  Outcome outcome;
  base::SystemClock clock;
  FramePool pool(8);
  Decoder::Config config;
  config.device = device;
  config.hardware = &devices;
  config.on_use = [&](const DecodeUse& use) { outcome.uses.push_back(use); };
  const auto source = Source::open({clip}, clock, {});
  EXPECT_TRUE(source);
  const auto decoder = Decoder::create(**source, config, pool, clock, {});
  EXPECT_TRUE(decoder) << decoder.error().message();
  if (!source || !decoder) return outcome;
  const auto receive_all = [&] {
    while (const auto frame = (*decoder)->receive()) {
      if ((*frame)->info().pixels == PixelLocation::device) ++outcome.on_device;
      const auto in_memory = download(*frame, pool, {});
      EXPECT_TRUE(in_memory) << in_memory.error().message();
      if (in_memory) outcome.pictures.push_back(samples_of(**in_memory));
    }
  };
  while (const auto packet = (*source)->read()) {
    EXPECT_TRUE((*decoder)->send(*packet));
    receive_all();
  }
  EXPECT_TRUE((*decoder)->drain());
  receive_all();
  return outcome;
}

class EachDevice : public ::testing::TestWithParam<DecodeDevice> {
 protected:
  void SetUp() override {
    if (const auto status = devices_.open(GetParam()); !status) GTEST_SKIP() << status.error().message();
  }

  TemporaryFolder folder_;
  HardwareDevices devices_;
};

TEST_P(EachDevice, GivesTheSamplesOfSoftware) {
  for (const char* codec : {"libx264 -bf 3 -pix_fmt yuv420p", "libx265 -pix_fmt yuv420p -x265-params log-level=none"}) {
    ASSERT_TRUE(make_large_clip(folder_ / "a.mp4", std::string("-c:v ") + codec));
    const auto hardware = decode(folder_ / "a.mp4", GetParam(), devices_);
    ASSERT_EQ(hardware.uses.size(), 1U) << codec << ": " << hardware.uses.back().reason;
    const std::size_t on_device = GetParam() == DecodeDevice::v4l2m2m ? 0 : kFrames;
    EXPECT_EQ(hardware.on_device, on_device);
    const auto software = decode(folder_ / "a.mp4", DecodeDevice::software, devices_);
    EXPECT_TRUE(hardware.pictures == software.pictures) << codec;
  }
}

TEST_P(EachDevice, ServesManyThreadsThroughOneContext) {
  ASSERT_TRUE(make_large_clip(folder_ / "a.mp4", "-c:v libx264 -pix_fmt yuv420p"));
  const auto software = decode(folder_ / "a.mp4", DecodeDevice::software, devices_);
  std::vector<Outcome> outcomes(8);
  {
    std::vector<std::jthread> threads;
    for (auto& outcome : outcomes) {
      threads.emplace_back([&] { outcome = decode(folder_ / "a.mp4", GetParam(), devices_); });
    }
  }
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.pictures == software.pictures);
}

TEST_P(EachDevice, LosesNoPictureOfAStreamThatItDoesNotTake) {
  ASSERT_TRUE(make_large_clip(folder_ / "a.mp4", "-c:v libx264 -pix_fmt yuv444p"));  // High 4:4:4 Predictive
  const auto outcome = decode(folder_ / "a.mp4", DecodeDevice::automatic, devices_);
  EXPECT_EQ(outcome.pictures.size(), std::size_t{kFrames});
}

std::string name_of(const ::testing::TestParamInfo<DecodeDevice>& device) {
  return std::string(decode_device_name(device.param));
}

INSTANTIATE_TEST_SUITE_P(Hardware, EachDevice, ::testing::ValuesIn(hardware_kinds()), name_of);

}  // namespace
}  // namespace ocelli::media
