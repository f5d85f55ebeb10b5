#include "app/decoder_trial.h"

#include <gtest/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::app {
namespace {

TEST(DecoderTrial, MeasuresADecoderAndRefusesOneThatIsNotHere) {
  const media::testing::TemporaryFolder folder;
  base::SystemClock clock;
  media::HardwareDevices devices;
  ASSERT_TRUE(write_trial_clip(folder / "trial.mp4"));
  const auto software = try_decoder(folder / "trial.mp4", media::DecodeDevice::software, devices, clock);
  ASSERT_TRUE(software) << software.error().message();
  EXPECT_GT(software->frames_per_second, 0);
  EXPECT_GT(software->downloaded_frames_per_second, 0);
  EXPECT_FALSE(try_decoder(folder / "trial.mp4", media::DecodeDevice::d3d11va, devices, clock));
}

}  // namespace
}  // namespace ocelli::app
