#include "infer/deployment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/processor.h"
#include "infer/quantized_model.h"
#include "infer/testing/temporary_folder.h"
#include "infer/tuned_profile.h"

namespace ocelli::infer {
namespace {

using base::Code;
using ::testing::HasSubstr;

class DeploymentTest : public ::testing::Test {
 protected:
  DeploymentTest() {
    card_.name = "toy";
    card_.version = "1.0";
    card_.sha256 = put("published");
  }
  /// Puts weights into the store; returns their hash.
  std::string put(const std::string& bytes) {
    const auto path = folder_.write("some", bytes);
    auto sha256 = *sha256_of_file(path);
    folder_.write("store/" + sha256 + ".onnx", bytes);
    return sha256;
  }
  ModelStore store() const { return *ModelStore::open({.cards_folder = folder_.path(), .folder = folder_ / "store"}); }
  /// Puts int8 weights into the store that were made from `source_sha256`; returns their hash.
  std::string put_int8(const std::string& source_sha256) {
    const QuantizedModel model{"toy",         "1.0", source_sha256, put("quantized"), {{"clip.mp4", card_.sha256, {1}}},
                               {"numpy==1.0"}};
    folder_.write("store/" + card_.sha256 + ".int8.yaml", to_yaml(model));
    return model.sha256;
  }

  const TemporaryFolder folder_;
  ModelCard card_;
};

TEST_F(DeploymentTest, Fp32IsThePublishedWeightsWhateverElseIsThere) {
  put_int8(card_.sha256);
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::fp32);
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->precision, Precision::fp32);
  EXPECT_EQ(deployment->weights_sha256, card_.sha256);
}

TEST_F(DeploymentTest, Int8IsWhatTheRecordNames) {
  const auto sha256 = put_int8(card_.sha256);
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::int8);
  ASSERT_TRUE(deployment) << deployment.error().message();
  EXPECT_EQ(deployment->precision, Precision::int8);
  EXPECT_EQ(deployment->weights_path, store().weights_path(sha256));
}

TEST_F(DeploymentTest, SaysHowInt8WeightsAreMade) {
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::int8);
  ASSERT_FALSE(deployment);
  EXPECT_EQ(deployment.error().code(), Code::not_found);
  EXPECT_THAT(deployment.error().message(), HasSubstr("ocelli models quantize toy"));
}

TEST_F(DeploymentTest, RefusesInt8WeightsOfOtherWeights) {
  put_int8(std::string(64, '0'));
  EXPECT_EQ(choose_deployment(store(), card_, PrecisionChoice::int8).error().code(), Code::corrupt);
}

TEST_F(DeploymentTest, RefusesDamagedInt8Weights) {
  const auto sha256 = put_int8(card_.sha256);
  folder_.write("store/" + sha256 + ".onnx", "damaged");
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::int8);
  EXPECT_EQ(deployment.error().code(), Code::corrupt);
  EXPECT_THAT(deployment.error().message(), HasSubstr("damaged"));
}

TEST_F(DeploymentTest, Bf16IsThePublishedWeightsOnOpenVino) {
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::bf16);
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->backend, BackendKind::openvino);
  EXPECT_EQ(deployment->weights_sha256, card_.sha256);
}

class AutomaticTest : public DeploymentTest {
 protected:
  void tune(Precision precision, const std::string& weights) {
    TunedProfile profile;
    profile.model = "toy";
    profile.card_version = "1.0";
    profile.source_sha256 = card_.sha256;
    profile.weights_sha256 = weights;
    profile.processor = base::processor_name();
    profile.runtime = "toy";
    profile.precision = precision;
    profile.threads = 3;
    profile.judged_on = {{"clip.mp4", card_.sha256, {1}}};
    ASSERT_TRUE(save_tuned_profile(store(), card_, profile));
  }
  Deployment automatic() const { return *choose_deployment(store(), card_, PrecisionChoice::automatic); }
};

TEST_F(AutomaticTest, IsWhatTuneFound) {
  const auto sha256 = put_int8(card_.sha256);
  tune(Precision::int8, sha256);
  EXPECT_EQ(automatic().precision, Precision::int8);
  EXPECT_EQ(automatic().threads, 3);
  EXPECT_EQ(automatic().weights_sha256, sha256);
  EXPECT_EQ(automatic().fallback_reason, "");
  EXPECT_EQ(to_string(automatic()), "onnxruntime int8, 3 threads");
}

TEST_F(AutomaticTest, IsFp32BeforeTheModelWasTuned) {
  EXPECT_EQ(automatic().precision, Precision::fp32);
  EXPECT_THAT(automatic().fallback_reason, HasSubstr("was not tuned"));
}

TEST_F(AutomaticTest, IsFp32WhenTheWeightsWereMadeAnew) {
  tune(Precision::int8, std::string(64, '0'));
  put_int8(card_.sha256);
  EXPECT_EQ(automatic().precision, Precision::fp32);
  EXPECT_THAT(automatic().fallback_reason, HasSubstr("quantized again"));
}

TEST_F(AutomaticTest, IsFp32WhenTheInt8WeightsAreGone) {
  tune(Precision::int8, std::string(64, '0'));
  EXPECT_EQ(automatic().precision, Precision::fp32);
  EXPECT_THAT(automatic().fallback_reason, HasSubstr("no int8 weights"));
}

}  // namespace
}  // namespace ocelli::infer
