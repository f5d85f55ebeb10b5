#pragma once

#include "infer/detection.h"
#include "track/target.h"

namespace ocelli::track {

enum class ScoreUse {
  weighs_overlap,  ///< sure detections are preferred
  ignored,
};

enum class ScoreGuess {
  expected,  ///< the last two go on
  last,      ///< it stays: an object that disappears loses score, but not in a straight line
};

/// What makes a detection look like the next sighting of a target in one stage of the association.
struct Likeness {
  float min_overlap = 0;  ///< gate on the overlap, times score where that is used
  ScoreUse score_use = ScoreUse::weighs_overlap;
  ScoreGuess score_guess = ScoreGuess::expected;
  float direction_weight = 0;     ///< of going on in the same direction, against the overlap's 1
  float score_change_weight = 0;  ///< of the score's distance from the guess, likewise
  float looks_weight = 0;         ///< of looking more alike than the least that tells, likewise

  /// What the pair is worth to best_matching(); 0 where it must not be. `predicted` is the target's box.
  float gain(const Target& target, const vision::PixelBox& predicted, const infer::Detection& detection) const;
  /// The same, of a pair that has this `gain` and looks so much more (or less) alike than the least that tells.
  double gain_with_looks(double gain, float excess) const;
};

}  // namespace ocelli::track
