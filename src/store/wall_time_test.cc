#include "store/wall_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace ocelli::store {
namespace {

std::string read(std::string_view text) {
  const auto time = parse_wall_time(text, "--at");
  return time ? base::format_wall_time(*time) : "refused";
}

TEST(WallTime, ReadsWhatTheLogAndTheEventsShow) {
  EXPECT_EQ(read("2026-11-23T10:11:12.345Z"), "2026-11-23T10:11:12.345Z");
  EXPECT_EQ(read("2026-11-23T10:11:12Z"), "2026-11-23T10:11:12.000Z");
  EXPECT_EQ(read("2026-11-23 10:11Z"), "2026-11-23T10:11:00.000Z");
  EXPECT_EQ(read("2026-11-23"), "2026-11-23T00:00:00.000Z");
}

TEST(WallTime, ReadsOtherPlacesOfTheEarth) {
  EXPECT_EQ(read("2026-11-23T00:11:12+01:00"), "2026-11-22T23:11:12.000Z");
  EXPECT_EQ(read("2026-11-23T23:30:00-02:30"), "2026-11-24T02:00:00.000Z");
}

TEST(WallTime, ReadsSecondsOfARecording) {
  EXPECT_EQ(read("90"), "1970-01-01T00:01:30.000Z");
  EXPECT_EQ(read("0.25"), "1970-01-01T00:00:00.250Z");
}

TEST(WallTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-23T", "2026-11-23T10:11:12",
                           "2026-11-23T24:00:00Z", "2026-11-23T10:11:12Zulu", "2026-11-23T10:11:12.Z", "-5", "1e300",
                           "nan", "12:30", "2026-11-23T10:11:12+1:00"}) {
    EXPECT_EQ(read(text), "refused") << text;
  }
  EXPECT_THAT(parse_wall_time("x", "--at").error().message(), ::testing::HasSubstr("--at wants a time such as"));
}

}  // namespace
}  // namespace ocelli::store
