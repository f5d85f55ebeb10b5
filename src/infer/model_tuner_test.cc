#include "infer/model_tuner.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/quantized_model.h"
#include "infer/testing/temporary_folder.h"
#include "infer/testing/tiny_model.h"
#include "media/testing/clip.h"

namespace ocelli::infer {
namespace {

using base::Code;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kSide = 32;

class ModelTunerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backends_ = {{BackendKind::onnx_runtime, *backend}};
    card_.name = "tiny";
    card_.labels = {"person", "car"};
    card_.input.width = kSide;
    card_.input.height = kSide;
    card_.sha256 = put({16, 16, 8, 8, 0.9F, 0});
    ASSERT_TRUE(media::testing::make_clip(folder_ / "clip.mp4", 6, "-c:v mpeg4"));
  }
  /// Puts a model into the store that always sees the same; returns its hash.
  std::string put(const std::vector<float>& seen) {
    const auto path = folder_.write("model", testing::tiny_model(kSide, 6, 1, seen));
    auto sha256 = *sha256_of_file(path);
    folder_.write("store/" + sha256 + ".onnx", folder_.read("model"));
    return sha256;
  }
  void put_int8(const std::vector<float>& seen) {
    const QuantizedModel model{"tiny",        "1.0", card_.sha256, put(seen), {{"other.mp4", card_.sha256, {1}}},
                               {"numpy==1.0"}};
    folder_.write("store/" + card_.sha256 + ".int8.yaml", to_yaml(model));
  }
  base::Result<TuneReport> tune(const std::vector<int>& threads) {
    const auto store = *ModelStore::open({.cards_folder = folder_.path(), .folder = folder_ / "store"});
    OC_TRY(auto pictures, ClipSampler::create({{folder_ / "clip.mp4"}, 4, {}}, clock_, {}));
    return tune_model(
        store, card_, backends_, threads, pictures,
        [this](int done) {
          progress_.push_back(done);
          if (done == stop_at_) stop_.request_stop();
        },
        stop_.get_token());
  }

  const TemporaryFolder folder_;
  base::SystemClock clock_;
  std::vector<TuneBackend> backends_;
  ModelCard card_;
  std::stop_source stop_;
  int stop_at_ = -1;
  std::vector<int> progress_;
};

TEST_F(ModelTunerTest, MeasuresEveryWayThatThereIs) {
  put_int8({16, 16, 8, 8, 0.8F, 0});
  const auto report = tune({1, 2});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->results.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& result = report->results[i];
    EXPECT_EQ(result.precision, i < 2 ? Precision::fp32 : Precision::int8);
    EXPECT_EQ(result.threads, i % 2 == 0 ? 1 : 2);
    EXPECT_EQ(result.agreement.f1(), 1);
    EXPECT_EQ(result.agreement.reference_boxes, 4U);
    EXPECT_GT(result.median.count(), 0);
    EXPECT_GE(result.p95, result.median);
  }
  EXPECT_EQ(report->results[0].speed, 1);
  EXPECT_EQ(report->results[1].speed, 1);
  EXPECT_NEAR(report->results[2].agreement.mean_score_drift(), 0.1, 0.02);
  EXPECT_THAT(progress_, ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(report->judged_on.size(), 1U);
  EXPECT_EQ(report->judged_on[0].frames.size(), 4U);
}

TEST_F(ModelTunerTest, SaysWhatItCannotMeasure) {
  const auto report = tune({1});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->results.size(), 1U);
  EXPECT_THAT(report->not_measured,
              ElementsAre(HasSubstr("onnxruntime bf16: "), HasSubstr("ocelli models quantize tiny")));
}

TEST_F(ModelTunerTest, SeesWhenAnotherPrecisionSeesSomethingElse) {
  put_int8({16, 16, 8, 8, 0, 0.9F});
  const auto report = tune({1});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->results[1].agreement.f1(), 0);
  EXPECT_EQ(best_result(report->results, 0.985).precision, Precision::fp32);
}

TEST_F(ModelTunerTest, NeedsThePublishedWeights) {
  std::filesystem::remove(folder_ / ("store/" + card_.sha256 + ".onnx"));
  EXPECT_EQ(tune({1}).error().code(), Code::not_found);
}

TEST_F(ModelTunerTest, StopsWhenAsked) {
  stop_at_ = 2;
  const auto report = tune({1});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::cancelled);
}

TuneResult result(Precision precision, milliseconds median, std::uint64_t matched_of_100) {
  TuneResult result;
  result.precision = precision;
  result.median = median;
  result.agreement = {100, 100, matched_of_100, 0};
  return result;
}

TEST(BestResult, IsTheFastestThatAgreesWellEnough) {
  const std::vector<TuneResult> results{result(Precision::fp32, milliseconds(100), 100),
                                        result(Precision::bf16, milliseconds(60), 99),
                                        result(Precision::int8, milliseconds(50), 97)};
  EXPECT_EQ(best_result(results, 0.985).precision, Precision::bf16);
  EXPECT_EQ(best_result(results, 0.95).precision, Precision::int8);
  EXPECT_EQ(best_result(results, 0.995).precision, Precision::fp32);
}

TEST(BestResult, StaysWithFp32WhenNothingIsFaster) {
  const std::vector<TuneResult> results{result(Precision::fp32, milliseconds(100), 100),
                                        result(Precision::int8, milliseconds(100), 100)};
  EXPECT_EQ(best_result(results, 0.5).precision, Precision::fp32);
}

}  // namespace
}  // namespace ocelli::infer
