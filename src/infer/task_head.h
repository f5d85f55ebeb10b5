#pragma once

#include "base/result.h"
#include "infer/backend.h"
#include "infer/model_output.h"

namespace ocelli::infer {

/// The last step of a task: a model's output tensors → a typed result. Belongs to one TaskRunner or Dispatcher; one
/// thread at a time; may keep scratch memory between calls. Several heads may read the outputs of one run.
///
/// To add a task, implement this for its result type (here, or in a program that embeds ocelli) and write a model card.
template <class Output>
class TaskHead {
 public:
  virtual ~TaskHead() = default;

  /// Once, before the first decode(): finds its tensors among the session's outputs and learns their shape. `invalid`,
  /// naming what was found and what was expected, when they are not what decode() reads.
  virtual base::Status attach(const Session& session) = 0;

  /// Reads what a run left. The values are outside bytes: any of them, also NaN and infinity, must be survived;
  /// `corrupt` when nothing can be made of them. Coordinates are pixels of the frame, through the output's letterbox.
  virtual base::Result<Output> decode(const ModelOutput& output) = 0;
};

}  // namespace ocelli::infer
