#include "infer/behaviour_classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

/// Softmax, in place of the logits.
void write_shares(std::span<const float> logits, float* scores) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) sum += scores[i] = std::exp(logits[i] - largest);
  for (std::size_t i = 0; i < logits.size(); ++i) scores[i] /= sum;
}

}  // namespace

base::Result<BehaviourClassifier> BehaviourClassifier::create(std::shared_ptr<const Tcn> network) {
  const TcnSpec& spec = network->spec();
  if (!std::equal(spec.features.begin(), spec.features.end(), kBehaviourFeatures.begin(), kBehaviourFeatures.end())) {
    return Error(Code::invalid, "the network was trained on other features than this ocelli computes: train it again");
  }
  if (spec.step != BehaviourFeatures::kStep) {
    return Error(Code::invalid, fmt::format("the network was trained on steps of {} ms, ocelli makes steps of {} ms",
                                            spec.step.count(), BehaviourFeatures::kStep.count()));
  }
  return BehaviourClassifier(std::move(network));
}

base::Result<std::span<const BehaviourScores>> BehaviourClassifier::push(media::MediaTime time,
                                                                         std::span<const TrackedBox> boxes) {
  results_.clear();
  const auto steps = features_.push(time, boxes);
  scores_.resize(std::max(scores_.size(), steps.size() * classes().size()));  // before anything points into it
  OC_TRY_STATUS(classify(steps));
  std::erase_if(streams_, [time](const auto& entry) { return time - entry.second.used > BehaviourFeatures::kMostGap; });
  return std::span<const BehaviourScores>(results_);
}

base::Status BehaviourClassifier::classify(std::span<const BehaviourStep> steps) {
  const std::size_t count = classes().size();
  for (const BehaviourStep& step : steps) {
    OC_TRY(TcnStream* const stream, stream_of(step));
    float* const scores = scores_.data() + results_.size() * count;
    write_shares(stream->push(step.values), scores);
    const auto best = static_cast<std::size_t>(std::max_element(scores, scores + count) - scores);
    results_.push_back({step.track, step.time, {scores, count}, best});
  }
  return {};
}

base::Result<TcnStream*> BehaviourClassifier::stream_of(const BehaviourStep& step) {
  auto found = streams_.find(step.track);
  if (found == streams_.end()) {
    OC_TRY(auto stream, TcnStream::create(network_));
    found = streams_.emplace(step.track, Entry{std::move(stream), step.time}).first;
  } else if (step.first) {
    found->second.stream.reset();
  }
  found->second.used = step.time;
  return &found->second.stream;
}

}  // namespace ocelli::infer
