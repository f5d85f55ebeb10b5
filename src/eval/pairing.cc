#include "eval/pairing.h"

#include <limits>
#include <map>
#include <utility>

#include "base/check.h"
#include "eval/matching.h"

namespace ocelli::eval {
namespace {

constexpr double kMatchOverlap = 0.5 - std::numeric_limits<double>::epsilon();

/// Rows of one frame, before anything is taken out.
struct RawFrame {
  std::vector<const TruthBox*> truth;
  std::vector<const ResultBox*> results;
};

std::vector<RawFrame> by_frame(std::span<const TruthBox> truth, std::span<const ResultBox> results, int frames) {
  std::vector<RawFrame> raw(static_cast<std::size_t>(frames));
  const auto at = [&](int frame) -> RawFrame& {
    OC_CHECK(frame >= 1 && frame <= frames);
    return raw[static_cast<std::size_t>(frame - 1)];
  };
  for (const auto& row : truth) at(row.frame).truth.push_back(&row);
  for (const auto& row : results) at(row.frame).results.push_back(&row);
  return raw;
}

void take_out_distractors(RawFrame& frame) {
  std::vector<Pair> near;
  for (std::size_t row = 0; row < frame.truth.size(); ++row) {
    for (std::size_t column = 0; column < frame.results.size(); ++column) {
      const double iou = overlap(frame.truth[row]->box, frame.results[column]->box);
      if (iou >= kMatchOverlap) near.push_back({static_cast<int>(row), static_cast<int>(column), iou});
    }
  }
  for (const auto index : best_pairs(near)) {
    if (!is_distractor(frame.truth[static_cast<std::size_t>(near[index].row)]->class_id)) continue;
    frame.results[static_cast<std::size_t>(near[index].column)] = nullptr;
  }
  std::erase(frame.results, nullptr);
}

void take_out_uncounted(RawFrame& frame, Protocol protocol) {
  std::erase_if(frame.truth, [protocol](const TruthBox* truth) {
    return !truth->counts || (protocol == Protocol::mot17 && truth->class_id != kPedestrian);
  });
}

/// Numbers keys 0, 1, 2… in the order of first use.
template <class Key>
class Numbering {
 public:
  int of(const Key& key) { return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second; }
  int count() const { return static_cast<int>(numbers_.size()); }

 private:
  std::map<Key, int> numbers_;
};

}  // namespace

PairedSequence pair_up(std::span<const TruthBox> truth, std::span<const ResultBox> results, int frames,
                       Protocol protocol) {
  Numbering<std::int64_t> truth_ids;
  Numbering<std::int64_t> result_ids;
  Numbering<std::pair<int, int>> pairs;
  PairedSequence sequence;
  for (auto& raw : by_frame(truth, results, frames)) {
    if (protocol == Protocol::mot17) take_out_distractors(raw);
    take_out_uncounted(raw, protocol);
    PairedFrame& frame = sequence.frames.emplace_back();
    for (const auto* row : raw.truth) frame.truths.push_back(truth_ids.of(row->id));
    for (const auto* row : raw.results) frame.results.push_back(result_ids.of(row->id));
    for (std::size_t row = 0; row < raw.truth.size(); ++row) {
      for (std::size_t column = 0; column < raw.results.size(); ++column) {
        const double iou = overlap(raw.truth[row]->box, raw.results[column]->box);
        if (iou <= 0) continue;
        const int pair = pairs.of({frame.truths[row], frame.results[column]});
        frame.overlaps.push_back({static_cast<int>(row), static_cast<int>(column), iou, pair});
      }
    }
  }
  sequence.truth_count = truth_ids.count();
  sequence.result_count = result_ids.count();
  sequence.pair_count = pairs.count();
  return sequence;
}

}  // namespace ocelli::eval
