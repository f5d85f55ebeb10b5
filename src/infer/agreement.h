#pragma once

#include <cstdint>
#include <span>

#include "infer/detection.h"

namespace ocelli::infer {

/// How far two detectors see the same. Counts over all pictures.
struct Agreement {
  std::uint64_t reference_boxes = 0;
  std::uint64_t candidate_boxes = 0;
  std::uint64_t matched_boxes = 0;
  double score_difference_sum = 0;  ///< over matched boxes, absolute values

  /// Harmonic mean of precision and recall, 0…1; 1 where neither saw anything.
  double f1() const;
  /// Mean absolute difference of the scores of matched boxes; 0 when there is none.
  double mean_score_drift() const;
};

/// Adds one picture: boxes of one class that overlap by `min_iou` or more are the same object; pairs are made greedily,
/// the greatest overlap first.
void add_picture(Agreement& agreement, std::span<const Detection> reference, std::span<const Detection> candidate,
                 float min_iou = 0.5F);

}  // namespace ocelli::infer
