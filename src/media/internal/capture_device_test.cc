#include "media/internal/capture_device.h"

#include <gmock/gmock.h>

namespace ocelli::media::internal {
namespace {

using base::Code;
using testing::HasSubstr;

TEST(LookAtCamera, SaysThatThereIsNone) {
  const CaptureDevice device = look_at_camera("/dev/video-that-nobody-has");
  EXPECT_EQ(device.fault, CaptureFault::absent);
  const auto status = to_status(device, "cannot open it");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::not_found);
  EXPECT_THAT(status.error().message(), HasSubstr("plugged in?"));
}

TEST(LookAtCamera, KnowsWhatIsNoCamera) {
  const CaptureDevice device = look_at_camera("/dev/null");
  EXPECT_EQ(device.fault, CaptureFault::no_camera);
  const auto status = to_status(device, "cannot open /dev/null");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::unsupported);
  EXPECT_EQ(status.error().message(), "cannot open /dev/null: it is no V4L2 device");
}

}  // namespace
}  // namespace ocelli::media::internal
