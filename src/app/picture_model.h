#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/site_config.h"
#include "infer/binding_pool.h"
#include "infer/classification_head.h"
#include "infer/detection_head.h"
#include "infer/embedding_head.h"
#include "infer/model_card.h"
#include "infer/text_reader.h"
#include "media/frame.h"

namespace ocelli::app {

/// An object that was found in a picture and then looked at for itself.
struct InspectedObject {
  infer::Detection detection{};
  bool looked_at = false;           ///< false: too small, or beyond the bound; then there is nothing more
  infer::Classification classes{};  ///< what it is, best first
  infer::TextLines lines{};         ///< what stands on it, in pixels of the picture
};
struct Inspection {
  std::vector<InspectedObject> objects;
  std::size_t left_out = 0;  ///< objects beyond the bound
};

using PictureResult =
    std::variant<infer::Detections, infer::Classification, infer::Embedding, infer::TextLines, Inspection>;

struct StepTime {
  std::string step;
  std::chrono::nanoseconds time{};
};
struct PictureAnswer {
  PictureResult result;
  std::vector<StepTime> steps;
};

/// What a result is of, and what its class numbers mean.
struct PictureModelInfo {
  std::string name;  ///< of the card, or "ocr", "inspect"
  std::string task;
  std::vector<std::pair<std::string, std::string>> models;  ///< name and version of each card
  std::vector<std::string> labels;                          ///< of detections, or of a classification
  std::vector<std::string> look_labels;                     ///< of InspectedObject::classes
};

/// The tensors that one of the models takes for its runs.
struct PictureModelPool {
  std::string name;  ///< of the card, and before it "inspect/" where that is what runs it
  infer::BindingPool* pool;
};

/// A model, or several together, loaded to answer one question about single pictures. One thread at a time.
class PictureModel {
 public:
  virtual ~PictureModel() = default;
  virtual const PictureModelInfo& info() const = 0;
  /// Of the models whose runs are all of one size; those of text make tensors for each.
  virtual std::vector<PictureModelPool> pools() { return {}; }
  /// What the looks that follow are at: objects of these classes, by their names; empty: all, as in the beginning.
  /// `invalid` for a class that the model does not know, and for any where there is no such choice.
  virtual base::Status choose(const std::vector<std::string>& classes);
  virtual base::Result<PictureAnswer> look(const media::Frame& frame) = 0;
};

inline constexpr const char* kReading = "ocr";
inline constexpr const char* kInspection = "inspect";

/// The model that `config` names: detection, classification or reid. `invalid` for another task than `task`.
base::Result<std::unique_ptr<PictureModel>> load_card_model(const config::ModelConfig& config, infer::Task task);
/// The three models of text together.
base::Result<std::unique_ptr<PictureModel>> load_reading_model(const config::ModelConfig& config);

/// By the name that a caller gives: of a card, kReading or kInspection. The site's own model runs as `site` says,
/// others as measured best on this machine.
base::Result<std::unique_ptr<PictureModel>> load_picture_model(const config::ModelConfig& site,
                                                               const std::string& name);

/// The names in "one, two,three".
std::vector<std::string> names_in(const std::string& list);

/// What `choice` lets callers ask for, see config::InferConfig::models. `invalid` when it names what there is not.
base::Result<std::vector<std::string>> callable_models(const config::ModelConfig& site, const std::string& choice);

}  // namespace ocelli::app
