#include "infer/detector.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>

#include "infer/testing/tiny_model.h"
#include "infer/testing/white_frame.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using testing::white;

class DetectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    card_.name = "tiny";
    card_.input.width = 32;
    card_.input.height = 32;
    card_.labels = {"person", "car"};
    const auto path =
        std::filesystem::temp_directory_path() / ("ocelli-detector-" + std::to_string(getpid()) + ".onnx");
    // One anchor: centre 16,16, size 8x8, person .2, car .9, all at full brightness.
    std::ofstream(path, std::ios::binary) << testing::tiny_model(32, 6, 1, {16, 16, 8, 8, 0.2F, 0.9F});
    auto session = (*backend)->load(path.string(), {});
    std::filesystem::remove(path);
    ASSERT_TRUE(session) << session.error().message();
    session_ = std::move(*session);
  }

  ModelCard card_;
  std::shared_ptr<Session> session_;
};

TEST_F(DetectorTest, FindsWhatTheModelSaysInSourcePixels) {
  auto detector = Detector::create(card_, session_);
  ASSERT_TRUE(detector) << detector.error().message();
  const auto detections = (*detector)->detect(*white(64, 64), nullptr);
  ASSERT_TRUE(detections) << detections.error().message();
  ASSERT_EQ(detections->size(), 1U);
  EXPECT_EQ((*detections)[0].class_id, 1);
  EXPECT_NEAR((*detections)[0].box.left, 24, 0.1);
  EXPECT_NEAR((*detections)[0].box.width, 16, 0.1);
  EXPECT_GT((*detector)->last_times().run.count(), 0);
}

TEST_F(DetectorTest, RefusesACardWithAnotherInputSize) {
  card_.input.width = 64;
  const auto detector = Detector::create(card_, session_);
  ASSERT_FALSE(detector);
  EXPECT_EQ(detector.error().code(), base::Code::invalid);
  EXPECT_THAT(detector.error().message(), HasSubstr("images float32[1,3,32,32]"));
}

TEST_F(DetectorTest, RefusesACardOfAnotherLayout) {
  card_.layout = OutputLayout::yolox;
  EXPECT_THAT(Detector::create(card_, session_).error().message(), HasSubstr("float32[1,21,7] for 2 labels"));
}

TEST_F(DetectorTest, RefusesACardThatNamesAnotherOutput) {
  card_.output_tensor = "output1";
  EXPECT_THAT(Detector::create(card_, session_).error().message(), HasSubstr("did you mean 'output0'"));
}

TEST_F(DetectorTest, RefusesACardOfAnotherTask) {
  card_.task = Task::classification;
  card_.layout = OutputLayout::logits;
  EXPECT_THAT(Detector::create(card_, session_).error().message(), HasSubstr("not one for detection"));
}

TEST_F(DetectorTest, RefusesACardWithAnotherNumberOfLabels) {
  card_.labels.emplace_back("dog");
  EXPECT_THAT(Detector::create(card_, session_).error().message(), HasSubstr("3 labels"));
}

}  // namespace
}  // namespace ocelli::infer
