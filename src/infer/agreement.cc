#include "infer/agreement.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "vision/geometry.h"

namespace ocelli::infer {
namespace {

struct Pair {
  float overlap = 0;
  std::size_t reference = 0;
  std::size_t candidate = 0;
};

std::vector<Pair> possible_pairs(std::span<const Detection> reference, std::span<const Detection> candidate,
                                 float min_iou) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    for (std::size_t j = 0; j < candidate.size(); ++j) {
      if (reference[i].class_id != candidate[j].class_id) continue;
      const float overlap = vision::iou(reference[i].box, candidate[j].box);
      if (overlap >= min_iou) pairs.push_back({overlap, i, j});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return std::tie(b.overlap, a.reference, a.candidate) < std::tie(a.overlap, b.reference, b.candidate);
  });
  return pairs;
}

}  // namespace

double Agreement::f1() const {
  const auto boxes = reference_boxes + candidate_boxes;
  return boxes == 0 ? 1 : 2 * static_cast<double>(matched_boxes) / static_cast<double>(boxes);
}

double Agreement::mean_score_drift() const {
  return matched_boxes == 0 ? 0 : score_difference_sum / static_cast<double>(matched_boxes);
}

void add_picture(Agreement& agreement, std::span<const Detection> reference, std::span<const Detection> candidate,
                 float min_iou) {
  std::vector<bool> reference_taken(reference.size());
  std::vector<bool> candidate_taken(candidate.size());
  for (const auto& pair : possible_pairs(reference, candidate, min_iou)) {
    if (reference_taken[pair.reference] || candidate_taken[pair.candidate]) continue;
    reference_taken[pair.reference] = true;
    candidate_taken[pair.candidate] = true;
    ++agreement.matched_boxes;
    agreement.score_difference_sum +=
        std::abs(static_cast<double>(reference[pair.reference].score) - candidate[pair.candidate].score);
  }
  agreement.reference_boxes += reference.size();
  agreement.candidate_boxes += candidate.size();
}

}  // namespace ocelli::infer
