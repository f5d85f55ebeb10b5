#include "track/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::track {
namespace {

TEST(Presets, DefaultIsWhatAPlainTrackerDoes) {
  const auto config = preset("default");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->high_score, TrackerConfig{}.high_score);
  EXPECT_EQ(config->keep_lost, TrackerConfig{}.keep_lost);
}

TEST(Presets, EveryNameHasSettings) {
  EXPECT_THAT(preset_names(), testing::Contains("default"));
  for (const auto& name : preset_names()) EXPECT_TRUE(preset(name)) << name;
}

TEST(Presets, OnlyTheDefaultUsesMoreThanOverlapAndScore) {
  EXPECT_EQ(preset("default")->shake, ShakeCompensation::from_boxes);
  for (const auto* name : {"bytetrack", "sort"}) {
    const auto config = preset(name);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->direction_weight, 0) << name;
    EXPECT_EQ(config->score_change_weight, 0) << name;
    EXPECT_EQ(config->shake, ShakeCompensation::off) << name;
  }
  EXPECT_LT(preset("bytetrack")->low_score, preset("bytetrack")->high_score);
  EXPECT_EQ(preset("sort")->low_score, preset("sort")->high_score) << "one stage";
}

TEST(Presets, SaysWhichThereAre) {
  const auto config = preset("defualt");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), base::Code::invalid);
  EXPECT_THAT(config.error().message(), testing::HasSubstr("did you mean 'default'?"));
  EXPECT_THAT(config.error().message(), testing::HasSubstr("there are: default"));
}

}  // namespace
}  // namespace ocelli::track
