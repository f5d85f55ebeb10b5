#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "infer/model_card.h"
#include "infer/task_head.h"

namespace ocelli::infer {

/// What something looks like, as a vector of length 1: the more alike two things, the closer to 1 is the cosine of the
/// angle between theirs. Only those of one model can be compared.
struct Embedding {
  std::vector<float> values;
};
using EmbeddingHead = TaskHead<Embedding>;

/// −1…1; 0 when the two are of different length.
float cosine(const Embedding& a, const Embedding& b);

/// Scales `values` to length 1 (L2). `corrupt` when they have none: all zero, or not finite.
base::Result<Embedding> normalise(std::span<const float> values);

/// `invalid` when the card is not of a reid model.
base::Result<std::unique_ptr<EmbeddingHead>> make_embedding_head(const ModelCard& card);

}  // namespace ocelli::infer
