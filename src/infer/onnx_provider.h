#pragma once

#include "base/result.h"
#include "infer/backend.h"

struct OrtApi;
struct OrtSessionOptions;

namespace ocelli::infer {

/// Asks ONNX Runtime to run what it can of a session on `provider`, and the rest on the processor. `unsupported` when
/// the library was built without it, `unavailable` when its driver or libraries are absent; says which and what to do.
/// The options are then of no further use.
base::Status append_provider(const OrtApi& api, OrtSessionOptions& options, Provider provider);

}  // namespace ocelli::infer
