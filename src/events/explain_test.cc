#include "events/explain.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

TEST(Explain, SaysAGateWithTheUnitOfItsName) {
  EXPECT_EQ(gate_words(at_least("dwell_s", 4.1, 5)), "dwell 4.1 s (need 5 s)");
  EXPECT_EQ(gate_words(at_most("centre_distance_m", 1.5, 1.2)), "centre distance 1.5 m (at most 1.2 m)");
  EXPECT_EQ(gate_words(at_most("mean_speed_px_frame", 0.25, 0.3)), "mean speed 0.25 px/frame (at most 0.3 px/frame)");
  EXPECT_EQ(gate_words(at_least("growth_share", 0.4, 0.35)), "growth 40 % (need 35 %)");
  EXPECT_EQ(gate_words(at_most("angle_deg", 30, 45)), "angle 30° (at most 45°)");
}

TEST(Explain, CountsWhatHasNoUnit) {
  EXPECT_EQ(gate_words(at_least("people", 3, 3)), "3 people (need 3)");
  EXPECT_EQ(gate_words(at_least("window_iou", 0.5512, 0.6)), "0.551 window iou (need 0.6)");
}

TEST(Explain, ShowsEnoughDigitsToTellAValueThatJustFailed) {
  EXPECT_EQ(gate_words(at_least("dwell_s", 4.9999, 5)), "dwell 4.9999 s (need 5 s)");
  EXPECT_EQ(gate_words(at_most("drift_px", 8.00001, 8)), "drift 8.00001 px (at most 8 px)");
}

TEST(Explain, SaysThatANumberIsUnknownOrEndless) {
  EXPECT_EQ(gate_words(at_least("people", std::nan(""), 3)), "unknown people (need 3)");
  EXPECT_EQ(gate_words(at_least("speed_m_s", 1, INFINITY)), "speed 1 m/s (need ∞ m/s)");
}

TEST(Explain, PutsWhatStoppedItLast) {
  const std::vector<Gate> gates = {at_least("dwell_s", 4.1, 5), at_least("people", 3, 3)};
  EXPECT_EQ(near_miss_words(gates), "would have fired: 3 people (need 3), but dwell 4.1 s (need 5 s)");
  EXPECT_EQ(near_miss_words(std::vector<Gate>{gates.front()}), "would have fired: but dwell 4.1 s (need 5 s)");
}

TEST(Explain, SaysWhyItFired) {
  EXPECT_EQ(fired_words(std::vector<Gate>{at_least("people", 3, 3), at_least("dwell_s", 6.2, 5)}),
            "fired: 3 people (need 3), dwell 6.2 s (need 5 s)");
  EXPECT_EQ(fired_words({}), "fired: no conditions");
}

TEST(Explain, WritesTypesAsPeopleDo) {
  EXPECT_EQ(type_words("zone_entered"), "zone entered");
}

}  // namespace
}  // namespace ocelli::events
