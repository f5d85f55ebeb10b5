#pragma once

#include <cstdint>
#include <vector>

#include "eval/mot_data.h"
#include "eval/pairing.h"
#include "eval/score.h"

namespace ocelli::eval::testing {

/// Truth and results, put together by hand. Boxes are 100 pixels high and wide, in lanes that never touch.
struct Scene {
  static constexpr double kSize = 100;

  static Box lane(int number) { return {300.0 * number, 50, kSize, kSize}; }

  Scene& truth(std::int64_t id, int from, int to, int in_lane, int class_id = 1, bool counts = true) {
    for (int frame = from; frame <= to; ++frame) truths.push_back({frame, id, lane(in_lane), counts, class_id});
    return *this;
  }
  /// `share` of the lane's box, which is the overlap with it.
  Scene& result(std::int64_t id, int from, int to, int in_lane, double share = 1) {
    Box box = lane(in_lane);
    box.width *= share;
    for (int frame = from; frame <= to; ++frame) results.push_back({frame, id, box, 1});
    return *this;
  }
  PairedSequence paired(Protocol protocol = Protocol::mot15) const {
    return pair_up(truths, results, frames, protocol);
  }
  Score score(Protocol protocol = Protocol::mot15) const { return measure(paired(protocol)); }

  int frames = 10;
  std::vector<TruthBox> truths;
  std::vector<ResultBox> results;
};

}  // namespace ocelli::eval::testing
