#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "base/trace.h"
#include "infer/backend.h"
#include "infer/batcher.h"
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
/// runs. The session is shared, and lends the memory for each run; with a batcher, so are the runs. One thread at a
/// time.
class ModelRunner {
 public:
  /// `invalid` when the card does not fit the model's real input: both are named. `batcher` is one of this session, or
  /// null: then every picture has a run of its own.
  static base::Result<ModelRunner> create(const ModelCard& card, std::shared_ptr<Session> session,
                                          std::shared_ptr<Batcher> batcher = nullptr);

  /// Runs on `region` of the frame, as if it were a picture of its own: see vision::region_of(). Let go of the
  /// output before the next run: what is held, others cannot use. Writes the first two of `times`; waiting for others
  /// counts as the run. `exhausted` or `timeout` when the batcher has no place for it.
  base::Result<ModelOutput> run(const media::Frame& frame, const vision::PixelRegion& region, base::Tracer* tracer,
                                RunTimes& times);
  const Session& session() const { return *session_; }

 private:
  ModelRunner(const ModelCard& card, std::shared_ptr<Session> session, std::shared_ptr<Batcher> batcher)
      : session_(std::move(session)), batcher_(std::move(batcher)), preprocessor_(card.input) {}
  base::Result<ModelOutput> run_in_batch(const media::Frame& frame, const vision::PixelRegion& region,
                                         base::Tracer* tracer, RunTimes& times);

  std::shared_ptr<Session> session_;  // co-owned with the other runners of the model, as is:
  std::shared_ptr<Batcher> batcher_;
  vision::Preprocessor preprocessor_;
};

/// All of a frame.
inline vision::PixelRegion whole(const media::Frame& frame) {
  return {0, 0, frame.width(), frame.height()};
}

}  // namespace ocelli::infer
