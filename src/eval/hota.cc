#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "eval/matching.h"
#include "eval/score.h"

namespace ocelli::eval {
namespace {

constexpr double kTiny = std::numeric_limits<double>::epsilon();

std::size_t index_of(int number) {
  return static_cast<std::size_t>(number);
}

template <class Value>
double mean_over_alphas(Value value) {
  double sum = 0;
  for (std::size_t index = 0; index < kAlphas; ++index) sum += value(index);
  return sum / kAlphas;
}

/// For each pair of identities: the boxes that the two have in all, in the whole sequence.
std::vector<double> boxes_of_pairs(const PairedSequence& sequence) {
  std::vector<double> truth_boxes(index_of(sequence.truth_count));
  std::vector<double> result_boxes(index_of(sequence.result_count));
  for (const auto& frame : sequence.frames) {
    for (const int id : frame.truths) ++truth_boxes[index_of(id)];
    for (const int id : frame.results) ++result_boxes[index_of(id)];
  }
  std::vector<double> boxes(index_of(sequence.pair_count));
  for (const auto& frame : sequence.frames) {
    for (const auto& each : frame.overlaps) {
      boxes[index_of(each.pair)] = truth_boxes[index_of(frame.truths[index_of(each.truth_row)])] +
                                   result_boxes[index_of(frame.results[index_of(each.result_row)])];
    }
  }
  return boxes;
}

/// How much two identities belong together over the whole sequence, before any matching: the Jaccard index of their
/// boxes, where a box of each counts as shared by how well the two overlap among all that overlaps either.
std::vector<double> alignment_of_pairs(const PairedSequence& sequence, const std::vector<double>& boxes) {
  std::vector<double> shared(boxes.size());
  std::vector<double> truth_sum;
  std::vector<double> result_sum;
  for (const auto& frame : sequence.frames) {
    truth_sum.assign(frame.truths.size(), 0);
    result_sum.assign(frame.results.size(), 0);
    for (const auto& each : frame.overlaps) {
      truth_sum[index_of(each.truth_row)] += each.iou;
      result_sum[index_of(each.result_row)] += each.iou;
    }
    for (const auto& each : frame.overlaps) {
      const double any = truth_sum[index_of(each.truth_row)] + result_sum[index_of(each.result_row)] - each.iou;
      if (any > kTiny) shared[index_of(each.pair)] += each.iou / any;
    }
  }
  for (std::size_t pair = 0; pair < shared.size(); ++pair) shared[pair] /= boxes[pair] - shared[pair];
  return shared;
}

}  // namespace

double alpha(std::size_t index) {
  constexpr double kStep = 0.05;
  return kStep + kStep * static_cast<double>(index);
}

double HotaScore::detection(std::size_t index) const {
  const auto hits = static_cast<double>(matched[index]);
  return hits / std::max(1.0, static_cast<double>(truths + results) - hits);
}

double HotaScore::association_accuracy(std::size_t index) const {
  return association[index] / std::max(1.0, static_cast<double>(matched[index]));
}

double HotaScore::detection() const {
  return mean_over_alphas([this](std::size_t index) { return detection(index); });
}

double HotaScore::association_accuracy() const {
  return mean_over_alphas([this](std::size_t index) { return association_accuracy(index); });
}

double HotaScore::hota() const {
  return mean_over_alphas(
      [this](std::size_t index) { return std::sqrt(detection(index) * association_accuracy(index)); });
}

HotaScore& HotaScore::operator+=(const HotaScore& other) {
  for (std::size_t index = 0; index < kAlphas; ++index) {
    matched[index] += other.matched[index];
    association[index] += other.association[index];
  }
  truths += other.truths;
  results += other.results;
  return *this;
}

HotaScore measure_hota(const PairedSequence& sequence) {
  const auto boxes = boxes_of_pairs(sequence);
  const auto alignment = alignment_of_pairs(sequence, boxes);
  std::vector<std::array<std::int64_t, kAlphas>> matches(index_of(sequence.pair_count));
  HotaScore score;
  std::vector<Pair> pairs;
  for (const auto& frame : sequence.frames) {
    score.truths += static_cast<std::int64_t>(frame.truths.size());
    score.results += static_cast<std::int64_t>(frame.results.size());
    pairs.clear();
    for (const auto& each : frame.overlaps) {
      pairs.push_back({each.truth_row, each.result_row, alignment[index_of(each.pair)] * each.iou});
    }
    for (const auto chosen : best_pairs(pairs)) {
      const auto& each = frame.overlaps[chosen];
      for (std::size_t index = 0; index < kAlphas && each.iou >= alpha(index) - kTiny; ++index) {
        ++score.matched[index];
        ++matches[index_of(each.pair)][index];
      }
    }
  }
  for (std::size_t pair = 0; pair < matches.size(); ++pair) {
    for (std::size_t index = 0; index < kAlphas; ++index) {
      const auto count = static_cast<double>(matches[pair][index]);
      score.association[index] += count * count / std::max(1.0, boxes[pair] - count);
    }
  }
  return score;
}

}  // namespace ocelli::eval
