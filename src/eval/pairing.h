#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/mot_data.h"
#include "eval/protocol.h"

namespace ocelli::eval {

/// A true box and a result that overlap in a frame.
struct Overlap {
  int truth_row = 0;   ///< index into PairedFrame::truths
  int result_row = 0;  ///< index into PairedFrame::results
  double iou = 0;      ///< above 0, up to 1
  int pair = 0;        ///< the two identities, as a pair: 0 … pair_count-1 of the sequence
};

/// What is to be compared in a frame. Identities are numbered 0, 1, 2… on each side.
struct PairedFrame {
  std::vector<int> truths;   ///< identity of each true box
  std::vector<int> results;  ///< identity of each result
  std::vector<Overlap> overlaps;
};

/// A sequence's truth and results, ready to be scored: only what counts is left.
struct PairedSequence {
  std::vector<PairedFrame> frames;
  int truth_count = 0;   ///< true identities
  int result_count = 0;  ///< identities of the tracker
  int pair_count = 0;    ///< pairs of identities that overlap at least once
};

/// Compares all boxes of each frame. Under mot17, results that are matched to a distractor, by the largest sum of
/// overlaps of one half or more, are taken out first, and true boxes of other classes after that. True boxes that do
/// not count are always taken out. Frames of both must lie within 1…frames.
PairedSequence pair_up(std::span<const TruthBox> truth, std::span<const ResultBox> results, int frames,
                       Protocol protocol);

}  // namespace ocelli::eval
