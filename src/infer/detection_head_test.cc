#include "infer/detection_head.h"

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using vision::Letterbox;

const Letterbox kSameSize = Letterbox::fit(2000, 100, 2000, 100);

TEST(DetectionCollector, KeepsTheFirstOfEquals) {
  DetectionCollector collector{{.class_count = 1, .thresholds = {.score = 0.25F, .nms_iou = 0.5F}}};
  collector.add({0, 0, 10, 10}, 0.5F, 0);
  collector.add({1, 0, 10, 10}, 0.5F, 0);
  const auto kept = collector.finish(kSameSize);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].box.left, 0);
}

TEST(DetectionCollector, StopsAtTheLimit) {
  DetectionCollector collector{{.class_count = 1, .thresholds = {}, .max_detections = 7}};
  for (int i = 0; i < 50; ++i) collector.add({20.F * static_cast<float>(i), 0, 10, 10}, 0.5F, 0);
  EXPECT_EQ(collector.finish(kSameSize).size(), 7U);
}

TEST(DetectionCollector, ForgetsTheRunBefore) {
  DetectionCollector collector{{}};
  collector.add({0, 0, 10, 10}, 0.5F, 0);
  EXPECT_EQ(collector.finish(kSameSize).size(), 1U);
  collector.clear();
  EXPECT_TRUE(collector.finish(kSameSize).empty());
}

TEST(DetectionCollector, ClipsToThePartOfThePictureThatTheModelSaw) {
  DetectionCollector collector{{}};
  collector.add({0, 0, 50, 100}, 0.5F, 0);
  collector.add({-40, 0, 20, 20}, 0.6F, 0);
  const auto kept = collector.finish(Letterbox::fit({200, 40, 100, 200}, 50, 100));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].box, (vision::PixelBox{200, 40, 100, 200}));
}

TEST(MakeDetectionHead, RefusesACardOfAnotherTask) {
  ModelCard card;
  card.name = "who";
  card.task = Task::reid;
  card.layout = OutputLayout::embedding;
  const auto head = make_detection_head(card);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code(), base::Code::invalid);
  EXPECT_THAT(head.error().message(), HasSubstr("who is a reid model, not one for detection"));
}

}  // namespace
}  // namespace ocelli::infer
