#include "infer/tuned_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/processor.h"
#include "infer/testing/temporary_folder.h"

namespace ocelli::infer {
namespace {

using base::Code;
using ::testing::HasSubstr;

class TunedProfileTest : public ::testing::Test {
 protected:
  TunedProfileTest() {
    card_.name = "toy";
    card_.sha256 = std::string(64, '1');
    profile_.model = "toy";
    profile_.card_version = "1.0";
    profile_.source_sha256 = card_.sha256;
    profile_.weights_sha256 = std::string(64, '2');
    profile_.processor = base::processor_name();
    profile_.runtime = "ONNX Runtime 1.27.0, CPU";
    profile_.backend = BackendKind::openvino;
    profile_.precision = Precision::bf16;
    profile_.threads = 2;
    profile_.run_ms = 51.25;
    profile_.speed = 2.125;
    profile_.f1 = 0.9875;
    profile_.score_drift = 0.0125;
    profile_.least_f1 = 0.985;
    profile_.judged_on = {{"yard.mp4", std::string(64, '3'), {0, 7}}};
    folder_.write("store/.keep", "");
  }
  ModelStore store() const { return *ModelStore::open({.cards_folder = folder_.path(), .folder = folder_ / "store"}); }

  const TemporaryFolder folder_;
  ModelCard card_;
  TunedProfile profile_;
};

TEST_F(TunedProfileTest, IsReadAsItWasSaved) {
  ASSERT_TRUE(save_tuned_profile(store(), card_, profile_));
  const auto read = load_tuned_profile(store(), card_);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, profile_);
}

TEST_F(TunedProfileTest, SaysHowToTune) {
  const auto read = load_tuned_profile(store(), card_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::not_found);
  EXPECT_THAT(read.error().message(), HasSubstr("ocelli models tune toy"));
}

TEST_F(TunedProfileTest, HoldsOnlyOnTheProcessorWhereItWasMeasured) {
  profile_.processor = "abacus";
  ASSERT_TRUE(save_tuned_profile(store(), card_, profile_));
  const auto read = load_tuned_profile(store(), card_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::invalid);
  EXPECT_THAT(read.error().message(), HasSubstr("abacus"));
}

TEST_F(TunedProfileTest, NamesThePlaceOfAMistake) {
  auto yaml = to_yaml(profile_);
  yaml.replace(yaml.find("bf16"), 4, "fp8");
  const auto read = parse_tuned_profile(yaml, "toy.tuned.yaml");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("toy.tuned.yaml:9:"));
}

TEST_F(TunedProfileTest, RefusesNumbersThatCannotBe) {
  auto yaml = to_yaml(profile_);
  yaml.replace(yaml.find("threads: 2"), 10, "threads: 0");
  EXPECT_FALSE(parse_tuned_profile(yaml, "toy.tuned.yaml"));
}

}  // namespace
}  // namespace ocelli::infer
