#include "app/mot_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ocelli::app {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Half of the boxes found, all of them well; the identities of none held for long.
eval::Score half() {
  eval::Score score;
  score.hota.matched.fill(50);
  score.hota.association.fill(25);
  score.hota.truths = 100;
  score.hota.results = 50;
  score.clear = {.matched = 50, .missed = 50, .surplus = 0, .switches = 10};
  score.identity = {.matched = 30, .truths = 100, .results = 50};
  return score;
}

MotReport report() {
  const MotRun run{
      eval::Given::boxes,
      {{"A", 100, half(), std::chrono::milliseconds{10}}, {"B", 300, half(), std::chrono::milliseconds{10}}}};
  return {"bench", eval::Protocol::mot17, "ocelli, preset default", {run}};
}

const eval::PeerSet& peers() {
  return eval::peer_sets().front();
}

TEST(MotTable, HasARowForEachSequenceAndOneForAll) {
  const auto text = mot_table(report(), nullptr);
  EXPECT_THAT(text, HasSubstr("bench: 2 sequences, 400 frames, protocol mot17"));
  EXPECT_THAT(text, HasSubstr("A            50.00  50.00  50.00  40.00  40.00     10      0     50    10000\n"));
  EXPECT_THAT(text, HasSubstr("combined     50.00  50.00  50.00  40.00  40.00     20      0    100    20000\n"));
  EXPECT_THAT(text, HasSubstr("No peers were measured"));
}

TEST(MotTable, StandsBesidePeersOfItsClass) {
  const auto text = mot_table(report(), &peers());
  const auto boxes = text.find("boxes only  ");
  const auto camera = text.find("boxes and camera geometry or appearance  ");
  const auto ours = text.find("> ocelli, preset default");
  ASSERT_NE(camera, std::string::npos);
  EXPECT_LT(boxes, ours);
  EXPECT_LT(ours, camera);
  EXPECT_LT(text.find("  OC-SORT (reference)"), ours) << "51.46 before 50.00";
  EXPECT_LT(ours, text.find("  motpy 0.0.10")) << "50.00 before 47.05";
  EXPECT_GT(text.find("  UCMCTrack, one setting for all sequences, camera files"), camera);
  EXPECT_THAT(text, Not(HasSubstr("boxes and camera motion")));
}

TEST(MotTable, StandsInEachClassThatItRanIn) {
  auto both = report();
  both.runs.push_back(both.runs[0]);
  both.runs[1].given = eval::Given::motion;
  const auto text = mot_table(both, &peers());
  const auto motion = text.find("boxes and camera motion      ", text.find("Beside "));
  ASSERT_NE(motion, std::string::npos);
  EXPECT_LT(text.find("> ocelli"), motion);
  EXPECT_GT(text.find("> ocelli", motion), motion);
}

TEST(MotTable, SetsEachSequenceBesideThePeersThatWereMeasuredOnIt) {
  auto known = report();
  known.runs[0].sequences[0].name = "MOT17-05";
  EXPECT_THAT(mot_table(known, &peers()), HasSubstr("MOT17-05            50.0 / 40.0 / 40.0  61.2 / 76.4 / 77.1"));
}

TEST(MotTable, DoesNotRankWhatNobodyKnows) {
  auto foreign = report();
  foreign.tracker = "results in x";
  foreign.runs[0].given.reset();
  for (auto& sequence : foreign.runs[0].sequences) sequence.in_tracker.reset();
  const auto text = mot_table(foreign, &peers());
  EXPECT_THAT(text, Not(HasSubstr("> ")));
  EXPECT_THAT(text, HasSubstr("combined   50.00  50.00  50.00  40.00  40.00     20      0    100        -\n"));
}

TEST(MotJson, HoldsTheSame) {
  const auto json = nlohmann::json::parse(mot_json(report(), &peers()));
  EXPECT_EQ(json["protocol"], "mot17");
  const auto& run = json["runs"][0];
  EXPECT_EQ(run["given"], "boxes");
  EXPECT_EQ(run["sequences"].size(), 2U);
  EXPECT_EQ(run["sequences"][1]["frames"], 300);
  EXPECT_NEAR(run["combined"]["hota"].get<double>(), 50, 1e-9);
  EXPECT_EQ(run["combined"]["ids"], 20);
  EXPECT_NEAR(run["combined"]["fps"].get<double>(), 20'000, 1e-6);
  EXPECT_EQ(json["peers"].size(), peers().peers.size());
  EXPECT_EQ(nlohmann::json::parse(mot_json(report(), nullptr))["peers"].size(), 0U);
}

}  // namespace
}  // namespace ocelli::app
