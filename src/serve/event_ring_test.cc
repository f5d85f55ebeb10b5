#include "serve/event_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::serve {
namespace {

std::vector<std::string> texts(const std::vector<RingEvent>& events) {
  std::vector<std::string> result;
  for (const RingEvent& event : events) result.push_back(*event.json);
  return result;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EventRing, ReadsForwardFromAPlace) {
  EventRing ring(10, "a");
  for (const char* text : {"1", "2", "3", "4"}) ring.push("gate", text);
  const RingBatch batch = ring.after(1, 2, "");
  EXPECT_THAT(texts(batch.events), ElementsAre("2", "3"));
  EXPECT_EQ(batch.next, 3U);
  EXPECT_EQ(batch.missed, 0U);
  EXPECT_THAT(ring.after(4, 2, "").events, IsEmpty());
}

TEST(EventRing, CountsWhatALateReaderMissed) {
  EventRing ring(2, "a");
  for (const char* text : {"1", "2", "3", "4", "5"}) ring.push("gate", text);
  const RingBatch batch = ring.after(1, 10, "");
  EXPECT_THAT(texts(batch.events), ElementsAre("4", "5"));
  EXPECT_EQ(batch.missed, 2U);
}

TEST(EventRing, SkipsOtherCamerasWithoutStayingBehind) {
  EventRing ring(10, "a");
  ring.push("dock", "1");
  ring.push("gate", "2");
  ring.push("dock", "3");
  const RingBatch batch = ring.after(0, 10, "gate");
  EXPECT_THAT(texts(batch.events), ElementsAre("2"));
  EXPECT_EQ(batch.next, 3U);
}

TEST(EventRing, GivesTheNewestFirst) {
  EventRing ring(10, "a");
  for (const char* text : {"1", "2", "3"}) ring.push("gate", text);
  ring.push("dock", "4");
  EXPECT_THAT(texts(ring.newest(0, 2, "gate")), ElementsAre("3", "2"));
  EXPECT_THAT(texts(ring.newest(2, 10, "")), ElementsAre("4", "3"));
}

TEST(EventRing, StartsOverForACursorOfAnotherRun) {
  EventRing ring(10, "run2");
  ring.push("gate", "1");
  EXPECT_EQ(ring.parse_cursor(ring.cursor(1)), 1U);
  EXPECT_EQ(ring.parse_cursor("run1-900"), 0U);
  EXPECT_EQ(ring.parse_cursor("run2-900"), 1U) << "a place in the future would wait for ever";
}

TEST(EventRing, RefusesWhatIsNoCursor) {
  EventRing ring(10, "a");
  for (const char* text : {"", "-", "a-", "-1", "a", "a-1x", "a- 1", "a-99999999999999999999999"}) {
    EXPECT_EQ(ring.parse_cursor(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(EventRing, DeliversEachEventOnceOrCountsItAsMissed, ()) {
  const auto capacity = *rc::gen::inRange<std::size_t>(1, 8);
  const auto bursts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
  EventRing ring(capacity, "a");
  std::uint64_t place = 0;
  std::uint64_t seen = 0;
  std::uint64_t pushed = 0;
  for (const int burst : bursts) {
    for (int count = 0; count < burst; ++count) ring.push("gate", std::to_string(++pushed));
    const RingBatch batch = ring.after(place, *rc::gen::inRange<std::size_t>(1, 5), "");
    for (const RingEvent& event : batch.events) RC_ASSERT(*event.json == std::to_string(event.number));
    seen += batch.missed + batch.events.size();
    place = batch.next;
    RC_ASSERT(seen == place);
  }
}

}  // namespace
}  // namespace ocelli::serve
