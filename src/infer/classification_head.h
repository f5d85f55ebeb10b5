#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"
#include "infer/model_card.h"
#include "infer/task_head.h"

namespace ocelli::infer {

/// One class that a picture may show.
struct ClassScore {
  int class_id = 0;  ///< index into the model's labels
  float score = 0;   ///< probability, 0…1
  bool operator==(const ClassScore&) const = default;
};

/// What a picture shows: its most probable classes, best first.
using Classification = std::vector<ClassScore>;
using ClassificationHead = TaskHead<Classification>;

/// The `count` highest of `values`, best first; of equals, the lower class number. `corrupt` when a value is not a
/// finite number. `scratch` is memory that is used again.
base::Result<Classification> best_classes(const std::vector<float>& values, std::size_t count,
                                          std::vector<int>& scratch);
/// Softmax in place: exp(x) / sum of exp, computed from differences to the greatest, so that nothing overflows.
void softmax(std::vector<float>& values);

inline constexpr std::size_t kMostClassesTold = 5;
/// Reads one value per label, float32 or uint8. `invalid` when the card is not of a classification model.
base::Result<std::unique_ptr<ClassificationHead>> make_classification_head(const ModelCard& card,
                                                                           std::size_t count = kMostClassesTold);

}  // namespace ocelli::infer
