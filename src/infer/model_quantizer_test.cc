#include "infer/model_quantizer.h"

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/deployment.h"
#include "infer/testing/environment_value.h"
#include "infer/testing/temporary_folder.h"
#include "infer/testing/tiny_model.h"
#include "media/testing/clip.h"

namespace ocelli::infer {
namespace {

namespace fs = std::filesystem;
using base::Code;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kSide = 32;

/// Stands in for python3: makes "environments" that hold a copy of itself and runs scripts with sh.
constexpr const char* kFakePython = R"sh(#!/bin/sh
[ "$1" = -I ] && shift
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip") ;;
  *) exec sh "$@" ;;
esac
)sh";

/// The work around the arithmetic, on a model of a few bytes; the real script is run by the scenario tests.
class ModelQuantizerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = *backend;
    const auto program = folder_.write("bin/python3", kFakePython);
    fs::permissions(program, fs::perms::owner_all);
    folder_.write("cards/convert/quantize.requirements.txt", "# why\nnumpy==1.0 \\\n    --hash=sha256:0\ntoy==2\n");
    card_.name = "tiny";
    card_.version = "1.0";
    card_.input.width = kSide;
    card_.input.height = kSide;
    const auto model = folder_.write("model.onnx", model_with(0.5F));
    card_.sha256 = *sha256_of_file(model);
    fs::create_directories(folder_ / "store");
    fs::copy_file(model, store().path_of(card_));
    quantized_to(model_with(0.25F));
    ASSERT_TRUE(media::testing::make_clip(folder_ / "clip.mp4", 12, "-c:v mpeg4"));
  }

  static std::string model_with(float score) { return testing::tiny_model(kSide, 6, 1, {16, 16, 8, 8, score, score}); }
  /// What the script makes of every model; it also keeps what it was given.
  void quantized_to(const std::string& model) {
    const auto made = folder_.write("made.onnx", model);
    folder_.write("cards/convert/quantize_qdq.py",
                  fmt::format("cp -r \"$2\" '{}'; cp '{}' \"$3\"\n", folder_ / "calibration", made));
  }
  ModelStore store() const {
    return *ModelStore::open({.cards_folder = folder_ / "cards", .folder = folder_ / "store"});
  }
  base::Result<QuantizedModel> quantize(int frames = 3) {
    OC_TRY(auto sampler, ClipSampler::create({{folder_ / "clip.mp4"}, frames, {}}, clock_, {}));
    return quantize_model(
        store(), card_, sampler, *backend_,
        [this](const QuantizeProgress& progress) {
          if (progress.step == stop_at_) stop_.request_stop();
          steps_.push_back(progress.step);
        },
        stop_.get_token());
  }
  std::vector<std::string> stored() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "store")) names.push_back(entry.path().extension());
    std::sort(names.begin(), names.end());
    return names;
  }

  const TemporaryFolder folder_;
  const EnvironmentValue path_{"PATH", (folder_ / "bin") + ":" + std::getenv("PATH")};
  base::SystemClock clock_;
  std::shared_ptr<Backend> backend_;
  ModelCard card_;
  std::stop_source stop_;
  std::string stop_at_;
  std::vector<std::string> steps_;
};

TEST_F(ModelQuantizerTest, RecordsWhatTheWeightsWereMadeFrom) {
  const auto made = quantize();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->source_sha256, card_.sha256);
  EXPECT_EQ(made->sha256, *sha256_of_file(folder_ / "made.onnx"));
  EXPECT_THAT(made->tools, ElementsAre("numpy==1.0", "toy==2"));
  ASSERT_EQ(made->calibration.size(), 1U);
  EXPECT_THAT(made->calibration[0].frames, ElementsAre(2, 6, 10));
  const auto read = verify_quantized_model(store(), card_);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, *made);
  EXPECT_THAT(steps_, Contains("calibrate").Times(3));
}

TEST_F(ModelQuantizerTest, CalibratesWithTensorsThatNumpyReads) {
  ASSERT_TRUE(quantize(2));
  const auto file = folder_.read("calibration/000001.npy");
  EXPECT_THAT(file, StartsWith(std::string("\x93NUMPY\x01\x00", 8)));
  const std::size_t header = 10 + static_cast<unsigned char>(file[8]) + 256U * static_cast<unsigned char>(file[9]);
  EXPECT_EQ(header % 64, 0U);
  EXPECT_EQ(file.size() - header, 3U * kSide * kSide * sizeof(float));
  EXPECT_THAT(file.substr(10, header - 10),
              HasSubstr("'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 32, 32)"));
}

TEST_F(ModelQuantizerTest, ReplacesWhatWasMadeBefore) {
  ASSERT_TRUE(quantize());
  quantized_to(model_with(0.125F));
  ASSERT_TRUE(quantize());
  EXPECT_THAT(stored(), ElementsAre("", ".onnx", ".onnx", ".yaml"));  // downloads, fp32, int8, its record
  const auto deployment = choose_deployment(store(), card_, PrecisionChoice::int8);
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->weights_sha256, *sha256_of_file(folder_ / "made.onnx"));
}

TEST_F(ModelQuantizerTest, KeepsAModelThatDoesNotLoadOut) {
  quantized_to("not a model");
  const auto made = quantize();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::corrupt);
  EXPECT_THAT(made.error().message(), StartsWith("cannot quantize tiny: "));
  EXPECT_THAT(stored(), ElementsAre("", ".onnx"));
}

TEST_F(ModelQuantizerTest, KeepsAModelOfAnotherShapeOut) {
  quantized_to(testing::tiny_model(kSide, 7, 1, {16, 16, 8, 8, 0, 0, 0}));
  EXPECT_EQ(quantize().error().code(), Code::corrupt);
}

TEST_F(ModelQuantizerTest, KeepsAModelThatGivesNoNumbersOut) {
  quantized_to(model_with(std::numeric_limits<float>::infinity()));
  EXPECT_THAT(quantize().error().message(), HasSubstr("not finite"));
}

TEST_F(ModelQuantizerTest, PassesOnWhatTheScriptComplainsOf) {
  folder_.write("cards/convert/quantize_qdq.py", "echo 'the model has no learned layer to quantize'; exit 1\n");
  EXPECT_THAT(quantize().error().message(), HasSubstr("no learned layer"));
}

TEST_F(ModelQuantizerTest, LeavesNothingBehindWhenStopped) {
  stop_at_ = "calibrate";
  const auto made = quantize();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::cancelled);
  EXPECT_THAT(stored(), ElementsAre("", ".onnx"));
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ / "store/downloads", ignored)) {
    EXPECT_EQ(entry.path().filename(), ".lock");
  }
}

}  // namespace
}  // namespace ocelli::infer
