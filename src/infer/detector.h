#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/trace.h"
#include "infer/backend.h"
#include "infer/detection.h"
#include "infer/model_card.h"
#include "infer/model_runner.h"
#include "media/frame.h"

namespace ocelli::infer {

/// Frame in, detections out: a TaskRunner with the head of the card's layout. One thread at a time.
class Detector {
 public:
  /// `invalid` when the card is not of a detection model, or does not fit the model's real inputs and outputs: both are
  /// named. `batcher` as ModelRunner::create() takes it.
  static base::Result<std::unique_ptr<Detector>> create(const ModelCard& card, std::shared_ptr<Session> session,
                                                        std::shared_ptr<Batcher> batcher = nullptr);
  virtual ~Detector() = default;

  /// `exhausted` or `timeout` when the model is too busy for this frame.
  virtual base::Result<std::vector<Detection>> detect(const media::Frame& frame, base::Tracer* tracer) = 0;
  virtual const RunTimes& last_times() const = 0;
  virtual const std::vector<std::string>& labels() const = 0;
  /// By class id: which classes the model confuses with each other (ModelCard::class_groups).
  virtual const std::vector<int>& class_groups() const = 0;
};

}  // namespace ocelli::infer
