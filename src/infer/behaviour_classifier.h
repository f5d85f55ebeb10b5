#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/behaviour_features.h"
#include "infer/tcn_stream.h"
#include "media/media_time.h"

namespace ocelli::infer {

/// What a track seems to do at a step.
struct BehaviourScores {
  std::int64_t track = 0;
  media::MediaTime time;
  std::span<const float> scores;  ///< of each class, 0…1, together 1
  std::size_t best = 0;           ///< the class with the highest
};

/// Says at a fixed rate of media time what everybody in one camera's picture seems to do: BehaviourFeatures, and for
/// each track a TcnStream of one network that all cameras share. Owns the streams, which go with their tracks. One
/// thread at a time. What the network may be trusted with stands in its card.
class BehaviourClassifier {
 public:
  /// `invalid` where the network was made for other features or another rate.
  static base::Result<BehaviourClassifier> create(std::shared_ptr<const Tcn> network);

  /// The boxes of a frame: as BehaviourFeatures::push(). The steps that became due; valid until the next call.
  /// `exhausted` when there is no memory for a new track.
  base::Result<std::span<const BehaviourScores>> push(media::MediaTime time, std::span<const TrackedBox> boxes);

  /// Names, in the order of BehaviourScores::scores.
  const std::vector<std::string>& classes() const { return network_->spec().classes; }
  std::size_t track_count() const { return streams_.size(); }

 private:
  struct Entry {
    TcnStream stream;
    media::MediaTime used;  ///< its newest step
  };
  explicit BehaviourClassifier(std::shared_ptr<const Tcn> network) : network_(std::move(network)) {}
  base::Result<TcnStream*> stream_of(const BehaviourStep& step);
  base::Status classify(std::span<const BehaviourStep> steps);

  std::shared_ptr<const Tcn> network_;  ///< shared with the streams and the other cameras
  BehaviourFeatures features_;
  std::map<std::int64_t, Entry> streams_;
  std::vector<BehaviourScores> results_;
  std::vector<float> scores_;  ///< of all results, one after the other
};

}  // namespace ocelli::infer
