#include "base/suggest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

const std::vector<std::string> kNames = {"zones", "lines", "url", "fps", "person", "bicycle", "traffic light"};

TEST(NearestName, FindsMissingExtraWrongAndSwappedLetters) {
  EXPECT_EQ(nearest_name("zone", kNames), "zones");
  EXPECT_EQ(nearest_name("zoness", kNames), "zones");
  EXPECT_EQ(nearest_name("zonez", kNames), "zones");
  EXPECT_EQ(nearest_name("zonse", kNames), "zones");
  EXPECT_EQ(nearest_name("ulr", kNames), "url");
}

TEST(NearestName, IgnoresCase) {
  EXPECT_EQ(nearest_name("PERSON", kNames), "person");
}

TEST(NearestName, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("submarine", kNames), "");
  EXPECT_EQ(nearest_name("xy", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name("zones", {}), "");
}

TEST(NearestName, PrefersTheNearestThenTheFirst) {
  const std::vector<std::string> names = {"high_store", "high_score", "high_scare"};
  EXPECT_EQ(nearest_name("high_score", names), "high_score");
  EXPECT_EQ(nearest_name("high_sc0re", names), "high_score");
  EXPECT_EQ(nearest_name("high_sxore", names), "high_store");
}

TEST(NearestName, SurvivesVeryLongText) {
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'a'), kNames), "");
}

TEST(DidYouMean, WrapsTheNameInAQuestion) {
  EXPECT_EQ(did_you_mean("bycicle", kNames), " (did you mean 'bicycle'?)");
  EXPECT_EQ(did_you_mean("submarine", kNames), "");
}

}  // namespace
}  // namespace ocelli::base
