#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "base/trace.h"
#include "infer/backend.h"
#include "infer/model_card.h"
#include "infer/model_output.h"
#include "media/frame.h"
#include "vision/preprocess.h"

namespace ocelli::infer {

/// Where the time of one task went.
struct RunTimes {
  std::chrono::nanoseconds preprocess{};
  std::chrono::nanoseconds run{};
  std::chrono::nanoseconds head{};
};

/// Frame in, output tensors out: the preprocessing kernel writes straight into the bound input tensor, then the session
/// runs. The session is shared, and lends the memory for each run. One thread at a time.
class ModelRunner {
 public:
  /// `invalid` when the card does not fit the model's real input: both are named.
  static base::Result<ModelRunner> create(const ModelCard& card, std::shared_ptr<Session> session);

  /// Runs on `region` of the frame, as if it were a picture of its own: see vision::region_of(). Let go of the
  /// output before the next run: what is held, others cannot use. Writes the first two of `times`.
  base::Result<ModelOutput> run(const media::Frame& frame, const vision::PixelRegion& region, base::Tracer* tracer,
                                RunTimes& times);
  const Session& session() const { return *session_; }

 private:
  ModelRunner(const ModelCard& card, std::shared_ptr<Session> session)
      : session_(std::move(session)), preprocessor_(card.input) {}

  std::shared_ptr<Session> session_;  // co-owned with the other runners of the model
  vision::Preprocessor preprocessor_;
};

/// All of a frame.
inline vision::PixelRegion whole(const media::Frame& frame) {
  return {0, 0, frame.width(), frame.height()};
}

}  // namespace ocelli::infer
