#include "media/internal/resolve.h"

#include <gmock/gmock.h>

namespace ocelli::media::internal {
namespace {

using base::Code;
using std::chrono::milliseconds;

TEST(LookUp, TakesNumbersWithoutAsking) {
  EXPECT_TRUE(look_up("127.0.0.1", milliseconds(0), {}));
  EXPECT_TRUE(look_up("::1", milliseconds(0), {}));
}

TEST(LookUp, FindsThisMachine) {
  EXPECT_TRUE(look_up("localhost", std::chrono::seconds(10), {}));
}

TEST(LookUp, SaysThatAHostIsUnknown) {
  const auto status = look_up("no-such-host.invalid", std::chrono::seconds(50), {});
  ASSERT_FALSE(status);
  // Without any name server "does not exist" cannot be told from "cannot be asked".
  EXPECT_THAT(status.error().code(), ::testing::AnyOf(Code::not_found, Code::unavailable));
  EXPECT_THAT(status.error().message(), ::testing::HasSubstr("host unknown"));
}

TEST(LookUp, EndsOnAStopRequestAndAtItsBound) {
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = look_up("a-name.invalid", std::chrono::hours(1), stop.get_token());
  EXPECT_FALSE(stopped);
  const auto late = look_up("another-name.invalid", milliseconds(0), {});
  EXPECT_FALSE(late);
}

}  // namespace
}  // namespace ocelli::media::internal
