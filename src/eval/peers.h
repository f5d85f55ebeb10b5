#pragma once

#include <array>
#include <span>
#include <string_view>

#include "eval/given.h"
#include "eval/mot_data.h"

namespace ocelli::eval {

/// Another tracker's figures over all sequences of a set. Shares in percent, frames per second inside its update.
struct PeerScore {
  std::string_view name;
  Given given = Given::boxes;
  double hota = 0, deta = 0, assa = 0, mota = 0, idf1 = 0;
  int switches = 0;
  int surplus = 0;
  int missed = 0;
  int fps = 0;
};

/// Another tracker's figures on one sequence, in percent.
struct PeerOnSequence {
  std::string_view name;
  double hota = 0, idf1 = 0, mota = 0;
};

struct PeerSequence {
  std::string_view name;
  std::array<PeerOnSequence, 3> peers;
};

/// What others reach on one set of sequences, best HOTA first.
struct PeerSet {
  std::string_view name;
  int detections = 0;  ///< of all sequences together: with the names, what tells that they are the very same
  std::span<const PeerScore> peers;
  std::span<const PeerSequence> sequences;
};

/// All sets, and where their figures are from.
std::span<const PeerSet> peer_sets();
std::string_view peer_source();

/// The set that has exactly these sequences with as many detections; none for any others, whatever their folder is
/// called.
const PeerSet* peers_of(std::span<const Sequence> sequences);

}  // namespace ocelli::eval
