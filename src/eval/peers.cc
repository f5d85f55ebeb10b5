#include "eval/peers.h"

#include <algorithm>
#include <cstddef>

namespace ocelli::eval {
namespace {

bool is_same(const PeerSet& set, std::span<const Sequence> sequences) {
  std::size_t detections = 0;
  for (const auto& sequence : sequences) {
    const bool known = std::any_of(set.sequences.begin(), set.sequences.end(),
                                   [&](const PeerSequence& other) { return other.name == sequence.name; });
    if (!known || !sequence.detections) return false;
    for (const auto& frame : *sequence.detections) detections += frame.size();
  }
  return sequences.size() == set.sequences.size() && detections == static_cast<std::size_t>(set.detections);
}

}  // namespace

const PeerSet* peers_of(std::span<const Sequence> sequences) {
  const auto sets = peer_sets();
  const auto found =
      std::find_if(sets.begin(), sets.end(), [&](const PeerSet& set) { return is_same(set, sequences); });
  return found == sets.end() ? nullptr : &*found;
}

}  // namespace ocelli::eval
