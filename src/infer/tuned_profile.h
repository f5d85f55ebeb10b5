#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/clip_sampler.h"
#include "infer/model_card.h"
#include "infer/model_store.h"

namespace ocelli::infer {

/// What `ocelli models tune` found best for a card on one machine. A file of the model store, <card's
/// sha256>.tuned.yaml.
struct TunedProfile {
  std::string model;           ///< name of the card
  std::string card_version;    ///< ModelCard::version
  std::string source_sha256;   ///< of the fp32 weights: ModelCard::sha256
  std::string weights_sha256;  ///< of what is run
  std::string processor;       ///< base::processor_name() where it was measured
  std::string runtime;         ///< Backend::description()
  BackendKind backend = BackendKind::onnx_runtime;
  Precision precision = Precision::fp32;
  int threads = 1;         ///< of one run
  double run_ms = 0;       ///< median
  double speed = 1;        ///< times ONNX Runtime with fp32 and as many threads
  double f1 = 1;           ///< agreement with that, boxes of IoU 0.5 or better
  double score_drift = 0;  ///< mean absolute difference of their scores
  double least_f1 = 0;     ///< that was asked for
  std::vector<ClipSample> judged_on;
  bool operator==(const TunedProfile&) const = default;
};

std::string to_yaml(const TunedProfile& profile);
/// `file` names it in errors, which carry line and column.
base::Result<TunedProfile> parse_tuned_profile(std::string_view yaml, const std::string& file);

std::string tuned_profile_path(const ModelStore& store, const ModelCard& card);
base::Status save_tuned_profile(const ModelStore& store, const ModelCard& card, const TunedProfile& profile);
/// `not_found` when the model was never tuned, `invalid` when it was for other weights or on another processor: the
/// message says what to do.
base::Result<TunedProfile> load_tuned_profile(const ModelStore& store, const ModelCard& card);

}  // namespace ocelli::infer
