#include "events/zone_rule.h"

#include <chrono>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;
using Change = ZoneRule::Change;

const std::vector<vision::UnitPoint> kSquare{{0.25F, 0.25F}, {0.75F, 0.25F}, {0.75F, 0.75F}, {0.25F, 0.75F}};
constexpr Anchor kInside{0.5, 0.5};
constexpr Anchor kOutside{0.1, 0.1};

media::MediaTime at_ms(int ms) {
  return media::MediaTime(milliseconds{ms});
}

ZoneRule square(int min_stay_ms) {
  ZoneConfig config;
  config.corners = kSquare;
  config.min_stay = milliseconds{min_stay_ms};
  return ZoneRule(config);
}

TEST(ZoneContains, OwnsItsLeftAndUpperEdgesOnly) {
  EXPECT_TRUE(contains(kSquare, kInside));
  EXPECT_FALSE(contains(kSquare, kOutside));
  EXPECT_TRUE(contains(kSquare, {0.25, 0.5}));
  EXPECT_TRUE(contains(kSquare, {0.5, 0.25}));
  EXPECT_TRUE(contains(kSquare, {0.25, 0.25}));
  EXPECT_FALSE(contains(kSquare, {0.75, 0.5}));
  EXPECT_FALSE(contains(kSquare, {0.5, 0.75}));
  EXPECT_FALSE(contains(kSquare, {0.75, 0.75}));
}

TEST(ZoneContains, UnderstandsHollows) {
  const std::vector<vision::UnitPoint> arrow{{0, 0}, {1, 0.5F}, {0, 1}, {0.5F, 0.5F}};
  EXPECT_TRUE(contains(arrow, {0.7, 0.5}));
  EXPECT_FALSE(contains(arrow, {0.2, 0.5}));
  EXPECT_TRUE(contains(arrow, {0.2, 0.2}));
}

RC_GTEST_PROP(ZoneContains, GivesEachPointToExactlyOneOfTwoNeighbours, ()) {
  // A crooked border from the top to the bottom of the picture divides it into two zones.
  const auto share = [](int value) { return static_cast<float>(value) / 100; };
  std::vector<vision::UnitPoint> border{{share(*rc::gen::inRange(1, 100)), 0}};
  const int bends = *rc::gen::inRange(1, 5);
  for (int i = 1; i < bends; ++i) {
    border.push_back({share(*rc::gen::inRange(1, 100)), static_cast<float>(i) / static_cast<float>(bends)});
  }
  border.push_back({share(*rc::gen::inRange(1, 100)), 1});
  std::vector<vision::UnitPoint> left = border;
  left.push_back({0, 1});
  left.push_back({0, 0});
  std::vector<vision::UnitPoint> right(border.rbegin(), border.rend());
  right.push_back({1, 0});
  right.push_back({1, 1});
  // Half of the points are tried on the border itself.
  Anchor point{*rc::gen::inRange(0, 100) / 100.0, *rc::gen::inRange(0, 100) / 100.0};
  if (*rc::gen::arbitrary<bool>()) {
    const auto& corner = border[*rc::gen::inRange<std::size_t>(0, border.size() - 1)];
    point = {corner.x, corner.y};
  }
  RC_ASSERT(contains(left, point) != contains(right, point));
}

TEST(ZoneRule, CountsAnEntryOnceAfterTheStay) {
  auto zone = square(500);
  EXPECT_EQ(zone.see(1, kOutside, at_ms(0)).change, Change::none);
  EXPECT_EQ(zone.see(1, kInside, at_ms(100)).change, Change::none);
  EXPECT_EQ(zone.see(1, kInside, at_ms(599)).change, Change::none);
  const auto entered = zone.see(1, kInside, at_ms(620));
  EXPECT_EQ(entered.change, Change::entered);
  ASSERT_EQ(entered.gates.size(), 1U);
  EXPECT_EQ(entered.gates[0].name, "inside_s");
  EXPECT_DOUBLE_EQ(entered.gates[0].value, 0.52);
  EXPECT_DOUBLE_EQ(entered.gates[0].threshold, 0.5);
  EXPECT_EQ(zone.see(1, kInside, at_ms(5'000)).change, Change::none);
}

TEST(ZoneRule, CountsALeaveOnceAfterTheAbsence) {
  auto zone = square(500);
  zone.see(1, kInside, at_ms(0));
  EXPECT_EQ(zone.see(1, kInside, at_ms(500)).change, Change::entered);
  EXPECT_EQ(zone.see(1, kOutside, at_ms(600)).change, Change::none);
  EXPECT_EQ(zone.see(1, kInside, at_ms(900)).change, Change::none) << "a step over the edge and back";
  EXPECT_EQ(zone.see(1, kOutside, at_ms(1'000)).change, Change::none);
  EXPECT_EQ(zone.see(1, kOutside, at_ms(1'500)).change, Change::left);
  EXPECT_EQ(zone.see(1, kOutside, at_ms(9'000)).change, Change::none);
}

TEST(ZoneRule, WithoutAStayCountsAtOnce) {
  auto zone = square(0);
  EXPECT_EQ(zone.see(1, kInside, at_ms(0)).change, Change::entered);
  EXPECT_EQ(zone.see(1, kOutside, at_ms(40)).change, Change::left);
}

TEST(ZoneRule, ATrackThatEndsInsideHasLeft) {
  auto zone = square(0);
  zone.see(1, kInside, at_ms(0));
  zone.see(2, kOutside, at_ms(0));
  EXPECT_EQ(zone.end(1).change, Change::left);
  EXPECT_EQ(zone.end(1).change, Change::none);
  EXPECT_EQ(zone.end(2).change, Change::none);
  EXPECT_EQ(zone.end(3).change, Change::none);
}

RC_GTEST_PROP(ZoneRule, EntriesAndLeavesAlternateAndEachLastedLongEnough, ()) {
  constexpr int kStayMs = 300;
  auto zone = square(kStayMs);
  int now_ms = 0;
  int same_since_ms = 0;
  bool was_inside = false;
  bool counted_inside = false;
  for (int frame = 0; frame < 80; ++frame) {
    now_ms += *rc::gen::inRange(20, 200);
    const bool inside = *rc::gen::inRange(0, 4) == 0 ? !was_inside : was_inside;
    if (inside != was_inside) same_since_ms = now_ms;
    was_inside = inside;
    const auto change = zone.see(1, inside ? kInside : kOutside, at_ms(now_ms)).change;
    const bool due = inside != counted_inside && now_ms - same_since_ms >= kStayMs;
    RC_ASSERT((change != Change::none) == due);
    if (due) {
      RC_ASSERT(change == (inside ? Change::entered : Change::left));
      counted_inside = inside;
    }
  }
}

}  // namespace
}  // namespace ocelli::events
