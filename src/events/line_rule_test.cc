#include "events/line_rule.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::events {
namespace {

// A power of two, so that whole pixels are exact shares of the picture and the truth can be told in integers.
constexpr int kSide = 1024;
constexpr PictureSize kPicture{kSide, kSide};
constexpr int kHysteresisPx = 8;

struct Point {
  int x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};

Anchor at(Point point) {
  return {static_cast<double>(point.x) / kSide, static_cast<double>(point.y) / kSide};
}

LineConfig line(Point from, Point to) {
  LineConfig config;
  config.from = {static_cast<float>(from.x) / kSide, static_cast<float>(from.y) / kSide};
  config.to = {static_cast<float>(to.x) / kSide, static_cast<float>(to.y) / kSide};
  config.hysteresis = static_cast<float>(kHysteresisPx) / kSide;
  return config;
}

struct Counts {
  int forward = 0;
  int backward = 0;
  int net() const { return forward - backward; }
};

Counts walk(LineRule& rule, const std::vector<Point>& path) {
  Counts counts;
  for (const auto& point : path) {
    const int crossings = rule.see(1, at(point), kPicture).crossings;
    (crossings > 0 ? counts.forward : counts.backward) += std::abs(crossings);
  }
  return counts;
}

// ---- the truth, by exact integers and another formula than the rule's

std::int64_t cross(Point a, Point b, Point c) {
  return std::int64_t{b.x - a.x} * (c.y - a.y) - std::int64_t{b.y - a.y} * (c.x - a.x);
}

/// Sign of the crossing of the half-open segment by the step, with the exact place of the intersection.
int true_crossing(Point step_from, Point step_to, Point from, Point to) {
  const std::int64_t d0 = cross(from, to, step_from);
  const std::int64_t d1 = cross(from, to, step_to);
  if ((d0 >= 0) == (d1 >= 0)) return 0;
  // The intersection is at step_from + d0 / (d0 − d1) of the step; its place along the line, times (d0 − d1):
  const std::int64_t span = d0 - d1;
  const std::int64_t dx = to.x - from.x;
  const std::int64_t dy = to.y - from.y;
  std::int64_t along = dx * (span * (step_from.x - from.x) + d0 * (step_to.x - step_from.x)) +
                       dy * (span * (step_from.y - from.y) + d0 * (step_to.y - step_from.y));
  std::int64_t whole = span * (dx * dx + dy * dy);
  if (whole < 0) {
    whole = -whole;
    along = -along;
  }
  if (along == 0 || along == whole) RC_DISCARD("through an end point: which end belongs to the line is another test");
  if (along < 0 || along > whole) return 0;
  return d1 >= 0 ? 1 : -1;
}

bool clearly_on_a_side(Point point, Point from, Point to) {
  const std::int64_t distance_times_length = std::abs(cross(from, to, point));
  const std::int64_t dx = to.x - from.x;
  const std::int64_t dy = to.y - from.y;
  return distance_times_length * distance_times_length > kHysteresisPx * kHysteresisPx * (dx * dx + dy * dy);
}

rc::Gen<Point> any_point() {
  return rc::gen::build<Point>(rc::gen::set(&Point::x, rc::gen::inRange(0, kSide)),
                               rc::gen::set(&Point::y, rc::gen::inRange(0, kSide)));
}

TEST(LineRule, CountsForwardFromTheLeftSideToTheRightSideAsSeenOnTheScreen) {
  // Walking up the screen, the left side is on the left.
  LineRule rule(line({512, 1000}, {512, 0}));
  EXPECT_EQ(walk(rule, {{400, 500}, {450, 500}, {600, 500}}).forward, 1);
  const auto back = walk(rule, {{600, 500}, {400, 500}});
  EXPECT_EQ(back.forward, 0);
  EXPECT_EQ(back.backward, 1);
}

TEST(LineRule, TellsWhatItSawInItsGates) {
  LineRule rule(line({512, 1000}, {512, 0}));
  walk(rule, {{400, 500}});
  const auto count = rule.see(1, at({532, 500}), kPicture);
  ASSERT_EQ(count.gates.size(), 2U);
  EXPECT_EQ(count.gates[1].name, "distance_from_line_px");
  EXPECT_DOUBLE_EQ(count.gates[1].value, 20);
  EXPECT_DOUBLE_EQ(count.gates[1].threshold, kHysteresisPx);
  EXPECT_TRUE(count.gates[1].passed);
}

TEST(LineRule, WaitsUntilTheAnchorIsBeyondTheHysteresis) {
  LineRule rule(line({512, 1000}, {512, 0}));
  EXPECT_EQ(walk(rule, {{400, 500}, {516, 500}, {520, 500}}).forward, 0);
  EXPECT_EQ(walk(rule, {{521, 500}}).forward, 1);
}

TEST(LineRule, PassingTheEndOfTheLineIsNoCrossing) {
  LineRule rule(line({512, 600}, {512, 400}));
  const auto counts = walk(rule, {{400, 300}, {600, 300}, {600, 700}, {400, 700}});
  EXPECT_EQ(counts.forward + counts.backward, 0);
}

TEST(LineRule, CrossingAndReturningAroundTheEndCountsOnce) {
  LineRule rule(line({512, 600}, {512, 400}));
  const auto counts = walk(rule, {{400, 500}, {600, 500}, {600, 300}, {400, 300}});
  EXPECT_EQ(counts.forward, 1);
  EXPECT_EQ(counts.backward, 0);
}

TEST(LineRule, AnObjectFirstSeenOnTheLineDoesNotCount) {
  LineRule rule(line({512, 1000}, {512, 0}));
  EXPECT_EQ(walk(rule, {{510, 500}, {600, 500}}).forward, 0);
  EXPECT_EQ(walk(rule, {{400, 500}}).backward, 1) << "from now on it does";
}

TEST(LineRule, TouchingTheLineAndTurningBackIsNoCrossing) {
  for (const int side : {400, 600}) {
    LineRule rule(line({512, 1000}, {512, 0}));
    const auto counts = walk(rule, {{side, 500}, {512, 500}, {side, 510}});
    EXPECT_EQ(counts.forward + counts.backward, 0) << side;
  }
}

TEST(LineRule, TwoLinesJoinedEndToEndCountAWalkThroughTheJointOnce) {
  for (const int offset : {-300, -1, 0, 1, 300}) {
    LineRule lower(line({512, 1000}, {512, 500}));
    LineRule upper(line({512, 500}, {512, 0}));
    const std::vector<Point> path{{400, 500 - offset}, {624, 500 + offset}};
    EXPECT_EQ(walk(lower, path).forward + walk(upper, path).forward, 1) << offset;
    const std::vector<Point> back{{624, 500 + offset}, {400, 500 - offset}};
    EXPECT_EQ(walk(lower, back).backward + walk(upper, back).backward, 1) << offset;
  }
}

TEST(LineRule, KeepsObjectsApartAndForgetsThem) {
  LineRule rule(line({512, 1000}, {512, 0}));
  rule.see(1, at({400, 500}), kPicture);
  EXPECT_EQ(rule.see(2, at({600, 500}), kPicture).crossings, 0);
  rule.forget(1);
  EXPECT_EQ(rule.see(1, at({600, 500}), kPicture).crossings, 0);
}

TEST(LineRule, SurvivesAChangeOfResolution) {
  LineRule rule(line({512, 1000}, {512, 0}));
  rule.see(1, at({500, 500}), kPicture);
  EXPECT_EQ(rule.see(1, at({500, 500}), {2 * kSide, 2 * kSide}).crossings, 0);
  EXPECT_EQ(rule.see(1, at({600, 500}), {2 * kSide, 2 * kSide}).crossings, 1);
}

TEST(LineRule, ALineWithoutLengthNeverCounts) {
  LineRule rule(line({512, 512}, {512, 512}));
  EXPECT_EQ(walk(rule, {{400, 500}, {600, 520}, {400, 500}}).net(), 0);
}

RC_GTEST_PROP(LineRule, CountsWhatGeometrySaysForAnyWalkAndAnyLine, ()) {
  const Point from = *any_point();
  const Point to = *any_point();
  RC_PRE(from != to);
  auto path = *rc::gen::container<std::vector<Point>>(any_point());
  path.erase(path.begin(),
             std::find_if(path.begin(), path.end(), [&](Point p) { return clearly_on_a_side(p, from, to); }));
  while (!path.empty() && !clearly_on_a_side(path.back(), from, to)) path.pop_back();
  int truth = 0;
  for (std::size_t i = 1; i < path.size(); ++i) truth += true_crossing(path[i - 1], path[i], from, to);
  LineRule rule(line(from, to));
  RC_ASSERT(walk(rule, path).net() == truth);
}

RC_GTEST_PROP(LineRule, CountsEachFullCrossingOnceHoweverManyFramesAreDropped, ()) {
  // People pace between two sides of a line through the whole picture; each leg has many frames, any of which but its
  // end may be lost. The line leans, so that legs meet it at any angle.
  const Point from{*rc::gen::inRange(400, 600), kSide};
  const Point to{*rc::gen::inRange(400, 600), 0};
  LineRule rule(line(from, to));
  const int legs = *rc::gen::inRange(1, 12);
  Counts counts;
  Point here{100, 500};
  walk(rule, {here});
  for (int leg = 0; leg < legs; ++leg) {
    const Point target{leg % 2 == 0 ? *rc::gen::inRange(650, kSide) : *rc::gen::inRange(0, 350),
                       *rc::gen::inRange(0, kSide)};
    const int frames = *rc::gen::inRange(1, 60);
    for (int frame = 1; frame <= frames; ++frame) {
      const Point step{here.x + (target.x - here.x) * frame / frames, here.y + (target.y - here.y) * frame / frames};
      if (frame < frames && *rc::gen::inRange(0, 3) == 0) continue;
      const auto more = walk(rule, {step});
      counts.forward += more.forward;
      counts.backward += more.backward;
    }
    here = target;
  }
  RC_ASSERT(counts.forward == (legs + 1) / 2);
  RC_ASSERT(counts.backward == legs / 2);
}

RC_GTEST_PROP(LineRule, NeverCountsSwayingWithinTheHysteresis, ()) {
  LineRule rule(line({512, kSide}, {512, 0}));
  const int side = *rc::gen::element(-1, 1);
  walk(rule, {{512 + side * 100, 500}});
  for (int frame = 0; frame < 50; ++frame) {
    const Point swaying{512 + *rc::gen::inRange(-kHysteresisPx, kHysteresisPx + 1), *rc::gen::inRange(100, 900)};
    RC_ASSERT(rule.see(1, at(swaying), kPicture).crossings == 0);
  }
  RC_ASSERT(rule.see(1, at({512 + side * 100, 500}), kPicture).crossings == 0);
}

}  // namespace
}  // namespace ocelli::events
