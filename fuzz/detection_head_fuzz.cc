// Any bytes as a model's raw output: the decoders of the detection layouts must refuse them or give boxes inside the
// picture.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "infer/yolov8_head.h"
#include "infer/yolox_head.h"

namespace {

using namespace ocelli;

void check(const infer::Detections& detections, const infer::DetectionHeadConfig& config, int width, int height) {
  for (const auto& detection : detections) {
    OC_CHECK(detection.class_id >= 0 && detection.class_id < config.class_count);
    OC_CHECK(detection.score >= config.thresholds.score && detection.score <= 1);
    OC_CHECK(detection.box.left >= 0 && detection.box.right() <= static_cast<float>(width) + 1);
    OC_CHECK(detection.box.top >= 0 && detection.box.bottom() <= static_cast<float>(height) + 1);
    OC_CHECK(std::isfinite(detection.box.width) && detection.box.width > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;  // four bytes of settings, and at least one value
  infer::DetectionHeadConfig config;
  config.class_count = 1 + data[0] % 8;
  config.thresholds.score = static_cast<float>(data[1]) / 255.F;
  config.thresholds.nms_iou = static_cast<float>(data[2]) / 255.F;
  const int width = 1 + data[3] * 8;
  const int height = 1 + data[3] * 5;
  std::vector<float> output((size - 4) / sizeof(float));
  std::memcpy(output.data(), data + 4, output.size() * sizeof(float));
  infer::DetectionCollector collector(config);
  const std::size_t rows = 4 + static_cast<std::size_t>(config.class_count);
  if (infer::decode_yolov8(output, output.size() / rows, config, collector)) {
    check(collector.finish(vision::Letterbox::fit(width, height, 640, 640)), config, width, height);
  }
  collector.clear();
  constexpr int kSide = 32;  // grids of 4x4, 2x2 and 1 cells
  constexpr std::size_t kCells = 16 + 4 + 1;
  output.resize(kCells * (5 + static_cast<std::size_t>(config.class_count)));
  OC_CHECK(infer::decode_yolox(output, kSide, kSide, config, collector).has_value());
  const auto top_left = vision::Letterbox::fit(width, height, kSide, kSide, vision::Fit::top_left);
  check(collector.finish(top_left), config, width, height);
  return 0;
}
