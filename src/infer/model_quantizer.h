#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/clip_sampler.h"
#include "infer/model_store.h"
#include "infer/quantized_model.h"

namespace ocelli::infer {

struct QuantizeProgress {
  std::string step;  ///< what is being done, for people
  int done = 0;      ///< pictures
  int total = 0;     ///< 0: this step counts nothing
};

/// Makes int8 weights from a card's weights and puts them into the store, in place of those that were there before.
/// Pictures of the clips go through the card's own preprocessing, so that calibration sees exactly what the running
/// model sees; convert/quantize_qdq.py then does the arithmetic in a pinned throwaway Python environment. The weights
/// get their name after `backend` has loaded them and run them on one of the pictures.
/// Fails as ModelStore::verify(), ClipSampler and PythonEnvironment do; `corrupt` when the new weights do not load,
/// have other inputs or outputs than the old ones, or give numbers that are not finite. Nothing new is left behind
/// then.
base::Result<QuantizedModel> quantize_model(const ModelStore& store, const ModelCard& card, ClipSampler& calibration,
                                            Backend& backend,
                                            const std::function<void(const QuantizeProgress&)>& progress,
                                            const std::stop_token& stop);

}  // namespace ocelli::infer
