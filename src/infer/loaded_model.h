#pragma once

#include <memory>

#include "base/result.h"
#include "infer/backend.h"
#include "infer/deployment.h"
#include "infer/detector.h"
#include "infer/model_card.h"

namespace ocelli::infer {

/// A verified model, ready to run. Detectors made from it share its session, and keep it alive.
struct LoadedModel {
  ModelCard card;
  Deployment deployment;
  std::shared_ptr<Backend> backend;
  std::shared_ptr<Session> session;  // co-owned by the detectors, as is:
  std::shared_ptr<Batcher> batcher;  ///< null: every picture has a run of its own

  base::Result<std::unique_ptr<Detector>> make_detector() const { return Detector::create(card, session, batcher); }
};
/// Co-owned by whoever still runs frames on it.
using LoadedModelPtr = std::shared_ptr<const LoadedModel>;

}  // namespace ocelli::infer
