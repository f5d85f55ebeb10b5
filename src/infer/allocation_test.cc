// Counts what C++ code allocates in a run of a model: nothing, but for the memory of the result that it hands over.
#include <cstring>

#include <gtest/gtest.h>

#include "base/testing/allocation_count.h"
#include "infer/classification_head.h"
#include "infer/detection_head.h"
#include "infer/embedding_head.h"
#include "infer/task_runner.h"
#include "infer/testing/canned_session.h"

namespace ocelli::infer {
namespace {

using base::testing::allocation_count;

constexpr int kSide = 64;
constexpr int kRuns = 50;

media::FramePtr picture(int width, int height) {
  media::FrameInfo info;
  info.format = media::PixelFormat::yuv420p;
  info.width = width;
  info.height = height;
  auto builder = media::FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const int rows = media::plane_size(info.format, plane, width, height).height;
    std::memset(builder->plane(plane), 99, static_cast<std::size_t>(builder->stride_bytes(plane) * rows));
  }
  return std::move(*builder).freeze();
}

ModelCard card_of(Task task, OutputLayout layout, std::size_t labels) {
  ModelCard card;
  card.name = "canned";
  card.task = task;
  card.layout = layout;
  card.input.width = card.input.height = kSide;
  card.labels.assign(labels, "label");
  return card;
}

/// Some of a picture, then others, then all of it: as when detections are cut out.
std::vector<vision::PixelRegion> regions_of(const media::Frame& frame) {
  return {whole(frame), {0, 0, 40, 100}, {20, 10, 101, 61}, {30, 30, 64, 64}, whole(frame)};
}

/// Allocations in kRuns over each region, once every memory has grown to what it needs.
template <class Run>
std::size_t allocations_of(const Run& run, const media::Frame& frame) {
  const auto regions = regions_of(frame);
  std::size_t before = 0;
  for (int i = 0; i < kRuns + 1; ++i) {
    if (i == 1) before = allocation_count();
    for (const auto& region : regions) run(region);
  }
  return allocation_count() - before;
}

/// What a result holds is its receiver's: one piece of memory, which the runner cannot keep.
template <class Output>
void expect_only_the_results(const ModelCard& card, std::vector<std::int64_t> shape, const std::vector<float>& values,
                             base::Result<std::unique_ptr<TaskHead<Output>>> head) {
  ASSERT_TRUE(head) << head.error().message();
  const auto session = std::make_shared<testing::CannedSession>(kSide, std::move(shape), values);
  auto runner = TaskRunner<Output>::create(card, session, std::move(*head));
  ASSERT_TRUE(runner) << runner.error().message();
  const auto frame = picture(160, 120);
  std::size_t results = 0;
  const std::size_t counted = allocations_of(
      [&](const vision::PixelRegion& region) {
        const auto output = runner->run(*frame, region, nullptr);
        ASSERT_TRUE(output) << output.error().message();
        ++results;
      },
      *frame);
  EXPECT_EQ(counted, results - regions_of(*frame).size());
  EXPECT_GE(session->bindings().counts().hit_rate(), 0.99);
}

TEST(Allocation, ModelRunsAllocateNothing) {
  const auto session =
      std::make_shared<testing::CannedSession>(kSide, std::vector<std::int64_t>{1, 4}, std::vector<float>{1, 2, 3, 4});
  auto runner = ModelRunner::create(card_of(Task::reid, OutputLayout::embedding, 0), session);
  ASSERT_TRUE(runner) << runner.error().message();
  const auto frame = picture(160, 120);
  RunTimes times;
  const auto run = [&](const vision::PixelRegion& region) { ASSERT_TRUE(runner->run(*frame, region, nullptr, times)); };
  EXPECT_EQ(allocations_of(run, *frame), 0U);
}

TEST(Allocation, HeadsAllocateNothingForNoResult) {
  const auto card = card_of(Task::detection, OutputLayout::yolov8, 2);
  const auto session =
      std::make_shared<testing::CannedSession>(kSide, std::vector<std::int64_t>{1, 6, 3}, std::vector<float>(18, 0));
  auto runner = TaskRunner<Detections>::create(card, session, std::move(*make_detection_head(card)));
  ASSERT_TRUE(runner) << runner.error().message();
  const auto frame = picture(160, 120);
  const auto run = [&](const vision::PixelRegion& region) { ASSERT_TRUE(runner->run(*frame, region, nullptr)); };
  EXPECT_EQ(allocations_of(run, *frame), 0U);
}

TEST(Allocation, Yolov8HeadAllocatesOnlyItsResult) {
  const auto card = card_of(Task::detection, OutputLayout::yolov8, 2);
  // Three anchors, column by column: centre, size, the scores of two classes.
  const std::vector<float> values{20, 40, 50, 30, 30, 30, 8, 8, 8, 8, 8, 8, 0.9F, 0.1F, 0.8F, 0, 0.7F, 0.1F};
  expect_only_the_results<Detections>(card, {1, 6, 3}, values, make_detection_head(card));
}

TEST(Allocation, YoloxHeadAllocatesOnlyItsResult) {
  const auto card = card_of(Task::detection, OutputLayout::yolox, 2);
  // 64 pixels at strides 8, 16, 32: 84 anchors of offsets, log sizes, objectness, two classes.
  std::vector<float> values;
  for (int anchor = 0; anchor < 84; ++anchor) values.insert(values.end(), {0.5F, 0.5F, 0, 0, 0.9F, 0.9F, 0.1F});
  expect_only_the_results<Detections>(card, {1, 84, 7}, values, make_detection_head(card));
}

TEST(Allocation, ClassificationHeadAllocatesOnlyItsResult) {
  const auto card = card_of(Task::classification, OutputLayout::logits, 6);
  expect_only_the_results<Classification>(card, {1, 6}, {1, 2, 3, 4, 5, 6}, make_classification_head(card));
}

TEST(Allocation, EmbeddingHeadAllocatesOnlyItsResult) {
  const auto card = card_of(Task::reid, OutputLayout::embedding, 0);
  expect_only_the_results<Embedding>(card, {1, 4}, {1, 2, 3, 4}, make_embedding_head(card));
}

}  // namespace
}  // namespace ocelli::infer
