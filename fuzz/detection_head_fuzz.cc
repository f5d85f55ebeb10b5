// Any bytes as a model's raw output: decode_yolov8() must refuse them or give boxes inside the picture.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "infer/detection_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli;
  if (size < 8) return 0;  // four bytes of settings, and at least one value
  infer::HeadConfig config;
  config.class_count = 1 + data[0] % 8;
  config.thresholds.score = static_cast<float>(data[1]) / 255.F;
  config.thresholds.nms_iou = static_cast<float>(data[2]) / 255.F;
  const int width = 1 + data[3] * 8;
  const int height = 1 + data[3] * 5;
  std::vector<float> output((size - 4) / sizeof(float));
  std::memcpy(output.data(), data + 4, output.size() * sizeof(float));
  const std::size_t rows = 4 + static_cast<std::size_t>(config.class_count);
  const auto letterbox = vision::Letterbox::fit(width, height, 640, 640);
  const auto detections = infer::decode_yolov8(output, output.size() / rows, config, letterbox, width, height);
  if (!detections) return 0;
  for (const auto& detection : *detections) {
    OC_CHECK(detection.class_id >= 0 && detection.class_id < config.class_count);
    OC_CHECK(detection.score >= config.thresholds.score && detection.score <= 1);
    OC_CHECK(detection.box.left >= 0 && detection.box.right() <= static_cast<float>(width) + 1);
    OC_CHECK(detection.box.top >= 0 && detection.box.bottom() <= static_cast<float>(height) + 1);
    OC_CHECK(std::isfinite(detection.box.width) && detection.box.width > 0);
  }
  return 0;
}
