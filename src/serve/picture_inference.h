#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace ocelli::serve {

/// One picture from a caller who has no stream.
struct PictureJob {
  std::string model;    ///< name of a model card, or of a task that takes several models
  std::string picture;  ///< the bytes of its file
  std::string classes;  ///< names, separated by commas, of those objects that matter; empty: all
};

/// Runs models on single pictures, on threads of its own. Thread-safe.
class PictureInference {
 public:
  using Done = std::function<void(base::Result<std::string>)>;

  virtual ~PictureInference() = default;

  /// Never blocks. Calls `done` exactly once, from any thread, perhaps before it returns, with the answer as JSON or:
  /// not_found: there is no such model; invalid: it knows no such class, or has no choice of classes; unavailable: it
  /// cannot be run now; exhausted: too many jobs wait already; unsupported: this is no picture; corrupt: one that is
  /// broken; cancelled: this server ends.
  virtual void submit(PictureJob job, Done done) = 0;
};

}  // namespace ocelli::serve
