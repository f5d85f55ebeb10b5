#include "eval/peers.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace ocelli::eval {
namespace {

const PeerSet& set_of(std::string_view name) {
  const auto sets = peer_sets();
  return *std::find_if(sets.begin(), sets.end(), [&](const PeerSet& set) { return set.name == name; });
}

std::vector<Sequence> sequences_of(const PeerSet& set) {
  std::vector<Sequence> sequences(set.sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    sequences[i].name = set.sequences[i].name;
    sequences[i].detections.emplace(1);
  }
  sequences[0].detections->at(0).resize(static_cast<std::size_t>(set.detections));
  return sequences;
}

TEST(Peers, AreThoseOfTheVerySameDetections) {
  const auto& set = set_of("mot17val");
  auto sequences = sequences_of(set);
  EXPECT_EQ(peers_of(sequences), &set);
  sequences[1].detections->at(0).resize(1);
  EXPECT_EQ(peers_of(sequences), nullptr) << "one detection more";
  sequences = sequences_of(set);
  sequences[1].name = "MOT17-04";
  EXPECT_EQ(peers_of(sequences), nullptr);
  sequences = sequences_of(set);
  sequences.pop_back();
  EXPECT_EQ(peers_of(sequences), nullptr);
}

TEST(Peers, AreSortedAndOfOneSize) {
  for (const auto& set : peer_sets()) {
    EXPECT_GE(set.peers.size(), 21U) << set.name;
    const bool sorted = std::is_sorted(set.peers.begin(), set.peers.end(),
                                       [](const PeerScore& a, const PeerScore& b) { return a.hota > b.hota; });
    EXPECT_TRUE(sorted) << set.name;
    for (const auto& peer : set.peers) {
      for (const double share : {peer.hota, peer.deta, peer.assa, peer.mota, peer.idf1}) {
        EXPECT_GT(share, 1) << peer.name << ": in percent";
        EXPECT_LT(share, 100) << peer.name;
      }
    }
  }
}

TEST(Peers, WithACameraAreNotAmongThoseWithBoxesOnly) {
  const auto& set = set_of("mot17val");
  EXPECT_EQ(std::count_if(set.peers.begin(), set.peers.end(),
                          [](const PeerScore& peer) { return peer.given == Given::camera; }),
            2);
}

}  // namespace
}  // namespace ocelli::eval
