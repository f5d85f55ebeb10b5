#include "infer/behaviour_classifier.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/testing/tiny_tcn.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Tcn> network_of(const TcnSpec& spec) {
  const auto bytes =
      testing::write_safetensors({{"tcn", testing::tcn_metadata(spec)}}, testing::random_tensors(spec, 7));
  return *Tcn::create(*Safetensors::parse(bytes, "tcn.safetensors"));
}

TcnSpec behaviour_spec() {
  auto spec = testing::spec_of({static_cast<int>(kBehaviourFeatures.size()), 4, 3, {16, 16}, {1, 2}});
  spec.features.assign(kBehaviourFeatures.begin(), kBehaviourFeatures.end());
  return spec;
}

/// A frame every 70 ms with people who come, go and wander.
class Street {
 public:
  std::vector<TrackedBox> next() {
    ++frame_;
    std::vector<TrackedBox> boxes;
    for (std::int64_t track = 1; track <= 4; ++track) {
      if ((frame_ + 40 * track) % 160 < 60) continue;  // out of sight for four seconds
      const auto left = 100 * static_cast<float>(track) + std::normal_distribution(0.0F, 5.0F)(random_);
      boxes.push_back({track, {left, 100, 40, 100}});
    }
    return boxes;
  }
  media::MediaTime time() const { return media::from_seconds(0.07 * frame_); }

 private:
  std::mt19937 random_{5};
  int frame_ = 0;
};

TEST(BehaviourClassifier, GivesEveryTrackTheNetworksAnswerToItsFeatures) {
  const auto network = network_of(behaviour_spec());
  auto classifier = BehaviourClassifier::create(network);
  ASSERT_TRUE(classifier) << classifier.error().message();
  BehaviourFeatures features;
  std::map<std::int64_t, std::vector<float>> pasts;
  auto window = TcnWindow::create(network, 2000);
  Street street;
  int results = 0;
  for (int frame = 0; frame < 500; ++frame) {
    const auto boxes = street.next();
    const auto scores = classifier->push(street.time(), boxes);
    ASSERT_TRUE(scores) << scores.error().message();
    const auto steps = features.push(street.time(), boxes);
    ASSERT_EQ(scores->size(), steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const BehaviourScores& result = (*scores)[i];
      ASSERT_EQ(result.track, steps[i].track);
      ASSERT_EQ(result.time, steps[i].time);
      auto& past = pasts[steps[i].track];
      if (steps[i].first) past.clear();
      past.insert(past.end(), steps[i].values.begin(), steps[i].values.end());
      const auto logits = *window->run(past, TcnOutput::last_step);
      ASSERT_EQ(result.best, static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      ASSERT_NEAR(std::accumulate(result.scores.begin(), result.scores.end(), 0.0), 1, 1e-5);
      ASSERT_NEAR(std::log(result.scores[1] / result.scores[0]), logits[1] - logits[0], 1e-4);
      ++results;
    }
  }
  EXPECT_GT(results, 300);
}

TEST(BehaviourClassifier, ForgetsTracksThatAreGone) {
  auto classifier = BehaviourClassifier::create(network_of(behaviour_spec()));
  for (int frame = 0; frame < 1000; ++frame) {
    const std::vector<TrackedBox> boxes{{frame / 10, {0, 0, 40, 100}}};
    ASSERT_TRUE(classifier->push(media::from_seconds(0.1 * frame), boxes));
    ASSERT_LE(classifier->track_count(), 3U);
  }
  ASSERT_TRUE(classifier->push(media::from_seconds(200), {}));
  EXPECT_EQ(classifier->track_count(), 0U);
}

TEST(BehaviourClassifier, RefusesNetworksOfOtherFeaturesOrRates) {
  auto spec = behaviour_spec();
  spec.step = std::chrono::milliseconds(100);
  EXPECT_THAT(BehaviourClassifier::create(network_of(spec)).error().message(), HasSubstr("steps of 100 ms"));
  spec = behaviour_spec();
  std::swap(spec.features[0], spec.features[1]);
  EXPECT_THAT(BehaviourClassifier::create(network_of(spec)).error().message(), HasSubstr("other features"));
}

}  // namespace
}  // namespace ocelli::infer
