#include "infer/behaviour_network.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/behaviour_weights.h"

namespace ocelli::infer {
namespace {

TEST(BehaviourNetwork, LiesInTheProgramAsItLiesInTheSource) {
  std::ifstream file(OCELLI_SOURCE_MODELS "/behaviour.safetensors", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(bytes.size(), 100'000U);
  EXPECT_TRUE(behaviour_weights() == bytes);
}

TEST(BehaviourNetwork, KnowsItsClasses) {
  const auto network = load_behaviour_network();
  ASSERT_TRUE(network) << network.error().message();
  EXPECT_THAT((*network)->spec().classes,
              testing::ElementsAre("walk", "run", "loiter", "agitation", "collapse", "queue"));
}

}  // namespace
}  // namespace ocelli::infer
