#include "infer/dispatcher.h"

#include <barrier>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>

#include "infer/embedding_head.h"
#include "infer/testing/tiny_model.h"
#include "infer/testing/white_frame.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using testing::white;

constexpr int kSide = 32;

/// Counts the runs of a real session.
class CountingSession final : public Session {
 public:
  explicit CountingSession(std::unique_ptr<Session> session) : session_(std::move(session)) {}
  const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }
  base::Result<std::unique_ptr<Binding>> make_binding() override { return session_->make_binding(); }
  base::Status run(Binding& binding) override {
    ++runs;
    if (fails) return base::Error(base::Code::internal, "the runtime stumbled");
    return session_->run(binding);
  }
  int runs = 0;
  bool fails = false;

 private:
  std::unique_ptr<Session> session_;
};

class DispatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = *backend;
    // One anchor in the middle, 16x16 of 32x32 canvas pixels, "car"; and three numbers beside it.
    backbone_ = load({{"boxes", 6, 1, {16, 16, 16, 16, 0.2F, 0.9F}}, {"looks", 1, 3, {0, 3, 4}}});
    looks_ = load({{"looks", 1, 2, {1, 1}}});
  }

  std::shared_ptr<CountingSession> load(const std::vector<testing::TinyOutput>& outputs) {
    const auto path =
        std::filesystem::temp_directory_path() / ("ocelli-dispatcher-" + std::to_string(getpid()) + ".onnx");
    std::ofstream(path, std::ios::binary) << testing::tiny_model(kSide, outputs);
    auto session = backend_->load(path.string(), {});
    std::filesystem::remove(path);
    return std::make_shared<CountingSession>(std::move(*session));
  }

  static ModelCard card(Task task, OutputLayout layout, const std::string& tensor) {
    ModelCard card;
    card.name = "tiny";
    card.task = task;
    card.layout = layout;
    card.output_tensor = tensor;
    card.input.width = card.input.height = kSide;
    if (task != Task::reid) card.labels = {"person", "car"};
    return card;
  }
  static ModelCard detection() { return card(Task::detection, OutputLayout::yolov8, "boxes"); }
  static ModelCard reid() { return card(Task::reid, OutputLayout::embedding, "looks"); }

  TaskKey<Detections> add_detection() {
    return *dispatcher_.add<Detections>(detection(), backbone_, make_detection_head(detection()));
  }

  std::shared_ptr<Backend> backend_;
  std::shared_ptr<CountingSession> backbone_;
  std::shared_ptr<CountingSession> looks_;
  Dispatcher dispatcher_;
};

TEST_F(DispatcherTest, RunsSeveralHeadsOnOneRunOfTheirModel) {
  const auto boxes = add_detection();
  const auto looks = dispatcher_.add<Embedding>(reid(), backbone_, make_embedding_head(reid()));
  ASSERT_TRUE(looks) << looks.error().message();
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  EXPECT_EQ(backbone_->runs, 1);
  ASSERT_TRUE(response[boxes]);
  ASSERT_EQ(response[boxes]->size(), 1U);
  EXPECT_EQ(response[boxes]->front().class_id, 1);
  ASSERT_TRUE(response[*looks]);
  EXPECT_FLOAT_EQ(response[*looks]->values[2], 0.8F);
}

TEST_F(DispatcherTest, RunsTheModelAgainForAnotherInput) {
  add_detection();
  auto other = reid();
  other.input.order = vision::ChannelOrder::bgr;
  ASSERT_TRUE(dispatcher_.add<Embedding>(other, backbone_, make_embedding_head(other)));
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  EXPECT_EQ(backbone_->runs, 2);
}

TEST_F(DispatcherTest, CutsDetectionsOutForTheNextTask) {
  const auto boxes = add_detection();
  const auto looks = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {1}, .margin = 0.25F}, reid(),
                                                                     looks_, make_embedding_head(reid()));
  ASSERT_TRUE(looks) << looks.error().message();
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  ASSERT_TRUE(response[*looks]);
  ASSERT_EQ(response[*looks]->items.size(), 1U);
  const auto& crop = response[*looks]->items[0];
  EXPECT_EQ(crop.detection, 0U);
  EXPECT_EQ(crop.region, (vision::PixelRegion{8, 8, 48, 48}));  // 32x32 at 16,16 and a quarter of it around
  ASSERT_TRUE(crop.output);
  EXPECT_FLOAT_EQ(crop.output->values[0], std::sqrt(0.5F));
}

TEST_F(DispatcherTest, TellsTheTimeOfThisFrameOnly) {
  const auto boxes = add_detection();
  const auto looks =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), looks_, make_embedding_head(reid()));
  const auto frame = white(64, 64);
  const auto begin = std::chrono::steady_clock::now();
  const auto first = dispatcher_.run(*frame, nullptr);
  const auto second = dispatcher_.run(*frame, nullptr);
  const auto both = std::chrono::steady_clock::now() - begin;
  std::chrono::nanoseconds sum{};
  for (const auto* response : {&first, &second}) {
    for (const auto& times : {response->times(boxes), response->times(*looks)}) {
      EXPECT_GT(times.run.count(), 0);
      EXPECT_GT(times.preprocess.count(), 0);
      sum += times.preprocess + times.run + times.head;
    }
  }
  EXPECT_LE(sum, both);
  const auto nothing = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {}, .max_crops = 0}, reid(),
                                                                       looks_, make_embedding_head(reid()));
  EXPECT_EQ(dispatcher_.run(*frame, nullptr).times(*nothing).run.count(), 0);
}

TEST_F(DispatcherTest, CutsNothingOfOtherClassesOrTooSmall) {
  const auto boxes = add_detection();
  const auto people = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {0}}, reid(), looks_,
                                                                      make_embedding_head(reid()));
  const auto large = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {}, .least_side_px = 40},
                                                                     reid(), looks_, make_embedding_head(reid()));
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  EXPECT_TRUE(response[*people]->items.empty());
  EXPECT_TRUE(response[*large]->items.empty());
  EXPECT_EQ(looks_->runs, 0);
}

TEST_F(DispatcherTest, CountsTheDetectionsThatItLeavesOut) {
  const auto boxes = add_detection();
  const auto looks = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {}, .max_crops = 0}, reid(),
                                                                     looks_, make_embedding_head(reid()));
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  EXPECT_TRUE(response[*looks]->items.empty());
  EXPECT_EQ(response[*looks]->left_out, 1U);
}

TEST_F(DispatcherTest, DetectsInCropsAndCutsThoseOutAgain) {
  const auto boxes = add_detection();
  const auto parts = dispatcher_.add_on_crops<Detections, Detections>(boxes, {}, detection(), backbone_,
                                                                      make_detection_head(detection()));
  ASSERT_TRUE(parts);
  const auto looks =
      dispatcher_.add_on_crops<Crops<Detections>, Embedding>(*parts, {}, reid(), looks_, make_embedding_head(reid()));
  ASSERT_TRUE(looks);
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  ASSERT_EQ(response[*parts]->items.size(), 1U);
  const auto& inner = response[*parts]->items[0].output;
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->front().box, (vision::PixelBox{24, 24, 16, 16}));  // in pixels of the frame
  ASSERT_EQ(response[*looks]->items.size(), 1U);
  EXPECT_EQ(response[*looks]->items[0].region, (vision::PixelRegion{24, 24, 16, 16}));
}

TEST_F(DispatcherTest, LetsATaskFailAloneWithThoseThatNeedIt) {
  const auto boxes = add_detection();
  const auto of_boxes =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), looks_, make_embedding_head(reid()));
  const auto of_all = dispatcher_.add<Embedding>(reid(), looks_, make_embedding_head(reid()));
  backbone_->fails = true;
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  EXPECT_THAT(response[boxes].error().message(), HasSubstr("stumbled"));
  EXPECT_THAT(response[*of_boxes].error().message(), HasSubstr("stumbled"));
  EXPECT_TRUE(response[*of_all]);
}

TEST_F(DispatcherTest, LetsACropFailAlone) {
  const auto boxes = add_detection();
  const auto looks =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), looks_, make_embedding_head(reid()));
  looks_->fails = true;
  const auto response = dispatcher_.run(*white(64, 64), nullptr);
  ASSERT_TRUE(response[*looks]);
  EXPECT_FALSE(response[*looks]->items[0].output);
}

TEST_F(DispatcherTest, RemembersNothingOfTheFrameBefore) {
  const auto boxes = add_detection();
  const auto looks =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), looks_, make_embedding_head(reid()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(dispatcher_.run(*white(64, 64), nullptr)[*looks]->items.size(), 1U);
}

/// Runs only together with another one.
class MeetingSession final : public Session {
 public:
  MeetingSession(std::shared_ptr<Session> session, std::barrier<>& meeting)
      : session_(std::move(session)), meeting_(meeting) {}
  const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }
  base::Result<std::unique_ptr<Binding>> make_binding() override { return session_->make_binding(); }
  base::Status run(Binding& binding) override {
    meeting_.arrive_and_wait();
    return session_->run(binding);
  }

 private:
  std::shared_ptr<Session> session_;  // co-owned with the test
  std::barrier<>& meeting_;
};

TEST_F(DispatcherTest, RunsTasksSideBySideWithHelpers) {
  const auto boxes = add_detection();
  std::barrier<> meeting(2);
  const auto one = std::make_shared<MeetingSession>(load({{"looks", 1, 2, {1, 1}}}), meeting);
  const auto two = std::make_shared<MeetingSession>(load({{"looks", 1, 2, {0, 2}}}), meeting);
  const auto of_one =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), one, make_embedding_head(reid()));
  const auto of_two =
      dispatcher_.add_on_crops<Detections, Embedding>(boxes, {}, reid(), two, make_embedding_head(reid()));
  base::Executor helpers("test", 1);
  for (int i = 0; i < 20; ++i) {
    const auto response = dispatcher_.run(*white(64, 64), nullptr, &helpers);
    ASSERT_TRUE(response[boxes] && response[*of_one] && response[*of_two]);
    EXPECT_FLOAT_EQ(response[*of_one]->items.at(0).output->values[0], std::sqrt(0.5F));
    EXPECT_FLOAT_EQ(response[*of_two]->items.at(0).output->values[1], 1.0F);
  }
}

TEST_F(DispatcherTest, AnswersTheSameWithHelpers) {
  const auto boxes = add_detection();
  const auto parts = dispatcher_.add_on_crops<Detections, Detections>(boxes, {}, detection(), backbone_,
                                                                      make_detection_head(detection()));
  const auto left_out = dispatcher_.add_on_crops<Detections, Embedding>(boxes, {.class_ids = {}, .max_crops = 0},
                                                                        reid(), looks_, make_embedding_head(reid()));
  const auto of_all = dispatcher_.add<Embedding>(reid(), looks_, make_embedding_head(reid()));
  looks_->fails = true;
  base::Executor helpers("test", 3);
  const auto alone = dispatcher_.run(*white(64, 64), nullptr);
  const auto helped = dispatcher_.run(*white(64, 64), nullptr, &helpers);
  for (const auto* response : {&alone, &helped}) {
    EXPECT_EQ((*response)[boxes]->front().class_id, 1);
    EXPECT_EQ((*response)[*parts]->items.at(0).output->front().box, (vision::PixelBox{24, 24, 16, 16}));
    EXPECT_EQ((*response)[*left_out]->left_out, 1U);
    EXPECT_THAT((*response)[*of_all].error().message(), HasSubstr("stumbled"));
  }
}

TEST_F(DispatcherTest, RefusesAHeadThatDoesNotFit) {
  const auto wrong = dispatcher_.add<Embedding>(reid(), backbone_, make_embedding_head(detection()));
  EXPECT_THAT(wrong.error().message(), HasSubstr("not one for reid"));
  auto unknown = reid();
  unknown.output_tensor = "face";
  EXPECT_THAT(dispatcher_.add<Embedding>(unknown, backbone_, make_embedding_head(unknown)).error().message(),
              HasSubstr("no output 'face', but boxes, looks"));
}

}  // namespace
}  // namespace ocelli::infer
