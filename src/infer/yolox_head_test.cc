#include "infer/yolox_head.h"

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace ocelli::infer {
namespace {

using vision::Letterbox;

constexpr int kSide = 64;  // so grids of 8x8, 4x4 and 2x2 cells
constexpr std::size_t kCells = 64 + 16 + 4;
constexpr std::size_t kFirstOfStride16 = 64;
constexpr std::size_t kFirstOfStride32 = 80;

/// Cells as rows of a YOLOX output with two classes.
class Output {
 public:
  void set(std::size_t cell, const std::array<float, 7>& row) {
    std::copy(row.begin(), row.end(), values_.begin() + static_cast<std::ptrdiff_t>(7 * cell));
  }
  Detections decode() const {
    const DetectionHeadConfig config{.class_count = 2};
    DetectionCollector collector(config);
    EXPECT_TRUE(decode_yolox(values_, kSide, kSide, config, collector));
    return collector.finish(Letterbox::fit(kSide, kSide, kSide, kSide));
  }

 private:
  std::vector<float> values_ = std::vector<float>(7 * kCells, 0.F);
};

TEST(DecodeYolox, PlacesABoxByItsCellAndStride) {
  Output output;
  // Third column, second row of stride 8: centre (2.5, 1.25) cells; 2 cells wide, 1 high.
  output.set(10, {0.5F, 0.25F, std::log(2.F), 0, 0.9F, 0.1F, 0.8F});
  const auto detections = output.decode();
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_NEAR(detections[0].box.left, 20 - 8, 1e-4);
  EXPECT_NEAR(detections[0].box.top, 10 - 4, 1e-4);
  EXPECT_NEAR(detections[0].box.width, 16, 1e-4);
  EXPECT_NEAR(detections[0].box.height, 8, 1e-4);
  EXPECT_EQ(detections[0].class_id, 1);
  EXPECT_FLOAT_EQ(detections[0].score, 0.9F * 0.8F);
}

TEST(DecodeYolox, KnowsWhereEachGridBegins) {
  Output output;
  output.set(kFirstOfStride16 + 3, {0.5F, 0.5F, 0, 0, 1, 1, 0});     // top right of 4x4
  output.set(kFirstOfStride32 + 2, {0.5F, 0.5F, 0, 0, 1, 0, 0.5F});  // bottom left of 2x2
  const auto detections = output.decode();
  ASSERT_EQ(detections.size(), 2U);
  EXPECT_EQ(detections[0].box, (vision::PixelBox{48, 0, 16, 16}));
  EXPECT_EQ(detections[1].box, (vision::PixelBox{0, 32, 32, 32}));
}

TEST(DecodeYolox, WantsTheProductToReachTheThreshold) {
  Output output;
  output.set(0, {0.5F, 0.5F, 0, 0, 0.4F, 0.6F, 0});   // .24
  output.set(7, {0.5F, 0.5F, 0, 0, 0.6F, 0.42F, 0});  // .252
  const auto detections = output.decode();
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(detections[0].box.left, 56);
}

TEST(DecodeYolox, SurvivesEveryKindOfBadNumber) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Output output;
  output.set(0, {kNan, 0, 0, 0, 1, 1, 0});
  output.set(1, {0, kInfinity, 0, 0, 1, 1, 0});
  output.set(2, {0, 0, 1000, 0, 1, 1, 0});  // exp overflows
  output.set(3, {0, 0, 0, -kInfinity, 1, 1, 0});
  output.set(4, {0, 0, 0, 0, kNan, 1, 0});
  output.set(5, {0, 0, 0, 0, 2, 1, 0});
  output.set(6, {0, 0, 0, 0, 1, kInfinity, 0});
  output.set(9, {0.5F, 0.5F, 0, 0, 1, kNan, 0.5F});
  const auto detections = output.decode();
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(detections[0].class_id, 1);
}

TEST(DecodeYolox, RefusesAnOutputOfTheWrongSize) {
  const std::vector<float> values(7 * kCells - 1);
  DetectionCollector collector{{}};
  EXPECT_EQ(decode_yolox(values, kSide, kSide, {.class_count = 2}, collector).error().code(), base::Code::corrupt);
}

}  // namespace
}  // namespace ocelli::infer
