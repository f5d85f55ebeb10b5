#include "track/likeness.h"

#include <algorithm>
#include <cmath>

namespace ocelli::track {
namespace {

/// The gate alone decides who may be matched; the cues only choose among those, so none falls to nothing.
constexpr float kLeastGain = 1e-4F;

}  // namespace

float Likeness::gain(const Target& target, const vision::PixelBox& predicted, const infer::Detection& detection) const {
  float overlap = vision::iou(predicted, detection.box);
  // ByteTrack's fuse_score: similarity = IoU × score.
  if (score_use == ScoreUse::weighs_overlap) overlap *= detection.score;
  if (!(overlap > min_overlap)) return 0;
  float gain = overlap - min_overlap;
  // Cao et al., "Observation-Centric SORT", CVPR 2023, eq. 3: λ · C_v, with the sign of a gain and scaled to ±½.
  if (direction_weight > 0) {
    gain += direction_weight * detection.score * target.straightness(center(detection.box)) / 2;
  }
  // Yang et al., "Hybrid-SORT", AAAI 2024, eq. 1 to 3: the score is a weak cue of its own, extrapolated linearly.
  if (score_change_weight > 0) {
    const float guess = score_guess == ScoreGuess::expected ? target.expected_score() : target.last_score();
    gain -= score_change_weight * std::abs(guess - detection.score);
  }
  return std::max(gain, kLeastGain);
}

double Likeness::gain_with_looks(double gain, float excess) const {
  return std::max<double>(gain + looks_weight * excess, kLeastGain);
}

}  // namespace ocelli::track
