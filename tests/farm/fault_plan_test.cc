#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/farm/fault.h"

namespace ocelli::farm {
namespace {

std::vector<Fault> chaos(const std::string& plan) {
  return generate_faults(*parse_fault_plan(plan), 64);
}

std::string text(const std::vector<Fault>& faults) {
  std::string lines;
  for (const Fault& fault : faults) lines += to_json(fault) + "\n";
  return lines;
}

TEST(FaultPlan, IsTheSameForTheSameSeedOnly) {
  EXPECT_EQ(text(chaos("7:1800:0.5")), text(chaos("7:1800:0.5")));
  EXPECT_NE(text(chaos("7:1800:0.5")), text(chaos("8:1800:0.5")));
}

TEST(FaultPlan, TouchesItsShareOfTheCamerasWithEveryKind) {
  std::set<int> cameras;
  std::set<FaultKind> kinds;
  for (const Fault& fault : chaos("7:1800:0.5")) {
    cameras.insert(fault.camera);
    kinds.insert(fault.kind);
  }
  EXPECT_EQ(cameras.size(), 32U);
  EXPECT_EQ(kinds.size(), fault_names().size());
}

TEST(FaultPlan, LeavesEachCameraTimeToRecover) {
  std::map<int, double> free_from_s;
  for (const Fault& fault : chaos("7:1800:1")) {
    EXPECT_GE(fault.begin_s, free_from_s[fault.camera] + (free_from_s[fault.camera] > 0 ? 19.9 : 9.9));
    EXPECT_LE(fault.end_s, 1800 - 15);
    free_from_s[fault.camera] = fault.end_s;
  }
}

TEST(FaultPlan, KeepsToTheKindsThatItNames) {
  for (const Fault& fault : chaos("7:600:1:stall,loss")) {
    if (fault.kind == FaultKind::stall) {
      EXPECT_NEAR(fault.end_s - fault.begin_s, 30, 0.01);
    } else {
      EXPECT_EQ(fault.kind, FaultKind::loss);
      EXPECT_GE(fault.percent, 1);
      EXPECT_LE(fault.percent, 20);
    }
  }
}

TEST(FaultPlan, SaysWhatItDoesNotUnderstand) {
  for (const auto* const plan : {"", "7", "7:60", "x:60:1", "7:60:2", "7:60:1::", "7:60:1:hiccup", "7:60:1:loss:9"}) {
    EXPECT_FALSE(parse_fault_plan(plan)) << plan;
  }
  EXPECT_NE(parse_fault_plan("7:60:1:hiccup").error().message().find("half_open"), std::string::npos);
}

}  // namespace
}  // namespace ocelli::farm
