#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct OrtApi;

namespace ocelli::infer {

/// ONNX Runtime's shared library, loaded once and never unloaded, since its threads outlive any moment at which that
/// would be safe. A value; thread-safe.
struct OnnxLibrary {
  const OrtApi* api = nullptr;
  std::string version;  ///< e.g. "1.27.0"
  std::string path;     ///< as it was found

  /// `wanted` if not empty, else the places that make_onnx_backend() documents. `unavailable` names all that were
  /// tried.
  static base::Result<OnnxLibrary> load(const std::string& wanted);
};

}  // namespace ocelli::infer
