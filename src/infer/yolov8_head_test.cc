#include "infer/yolov8_head.h"

#include <array>
#include <limits>

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

using vision::Letterbox;

/// Anchors as columns of a YOLOv8 output with two classes.
class Output {
 public:
  explicit Output(std::size_t anchors) : anchors_(anchors), values_(6 * anchors, 0.F) {}
  void set(std::size_t anchor, std::array<float, 6> column) {
    for (std::size_t row = 0; row < 6; ++row) values_[row * anchors_ + anchor] = column[row];
  }
  Detections decode(const Letterbox& letterbox) const {
    const DetectionHeadConfig config{.class_count = 2};
    DetectionCollector collector(config);
    EXPECT_TRUE(decode_yolov8(values_, anchors_, config, collector));
    return collector.finish(letterbox);
  }

 private:
  std::size_t anchors_;
  std::vector<float> values_;
};

Letterbox same_size(int width, int height) {
  return Letterbox::fit(width, height, width, height);
}

TEST(DecodeYolov8, TurnsCentreAndSizeIntoACornerBoxOfTheBestClass) {
  Output output(3);
  output.set(1, {50, 40, 20, 10, 0.3F, 0.8F});
  const auto detections = output.decode(same_size(100, 100));
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(detections[0], (Detection{{40, 35, 20, 10}, 0.8F, 1}));
}

TEST(DecodeYolov8, MapsBoxesBackThroughTheLetterbox) {
  Output output(1);
  output.set(0, {320, 320, 100, 50, 0.9F, 0});
  const auto letterbox = Letterbox::fit(1280, 720, 640, 640);
  const auto detections = output.decode(letterbox);
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_NEAR(detections[0].box.left, 540, 0.01);
  EXPECT_NEAR(detections[0].box.top, 310, 0.01);
  EXPECT_NEAR(detections[0].box.width, 200, 0.01);
}

TEST(DecodeYolov8, ClipsBoxesToThePictureAndDropsThoseOutside) {
  Output output(2);
  output.set(0, {5, 5, 20, 20, 0.9F, 0});
  output.set(1, {-50, 5, 20, 20, 0.9F, 0});
  const auto detections = output.decode(same_size(100, 100));
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(detections[0].box, (vision::PixelBox{0, 0, 15, 15}));
}

TEST(DecodeYolov8, SuppressesWeakerBoxesOfTheSameClassOnly) {
  Output output(3);
  output.set(0, {50, 50, 20, 20, 0.6F, 0});
  output.set(1, {51, 50, 20, 20, 0.9F, 0});
  output.set(2, {51, 51, 20, 20, 0, 0.7F});
  const auto detections = output.decode(same_size(100, 100));
  ASSERT_EQ(detections.size(), 2U);
  EXPECT_EQ(detections[0].score, 0.9F);
  EXPECT_EQ(detections[1].class_id, 1);
}

TEST(DecodeYolov8, SurvivesEveryKindOfBadNumber) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Output output(8);
  output.set(0, {kNan, 5, 2, 2, 0.9F, 0});
  output.set(1, {5, kInfinity, 2, 2, 0.9F, 0});
  output.set(2, {5, 5, -2, 2, 0.9F, 0});
  output.set(3, {5, 5, 2, 0, 0.9F, 0});
  output.set(4, {5, 5, 2, 2, kNan, kNan});
  output.set(5, {5, 5, 2, 2, kInfinity, 0});
  output.set(6, {3e38F, 5, 3e38F, 2, 0.9F, 0});
  output.set(7, {50, 50, 2, 2, kNan, 0.5F});
  const auto detections = output.decode(same_size(100, 100));
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(detections[0].class_id, 1);
}

TEST(DecodeYolov8, RefusesAnOutputOfTheWrongSize) {
  const std::vector<float> values(17);
  DetectionCollector collector{{}};
  EXPECT_EQ(decode_yolov8(values, 3, {}, collector).error().code(), base::Code::corrupt);
}

}  // namespace
}  // namespace ocelli::infer
