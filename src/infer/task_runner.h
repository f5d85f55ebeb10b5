#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/trace.h"
#include "infer/model_runner.h"
#include "infer/task_head.h"

namespace ocelli::infer {

/// One task on one model: frame, or a region of one, in; typed result out. One thread at a time.
template <class Output>
class TaskRunner {
 public:
  /// `invalid` when the card or the head does not fit the model's real inputs and outputs.
  /// `batcher` as ModelRunner::create() takes it.
  static base::Result<TaskRunner> create(const ModelCard& card, std::shared_ptr<Session> session,
                                         std::unique_ptr<TaskHead<Output>> head,
                                         std::shared_ptr<Batcher> batcher = nullptr) {
    OC_TRY(auto runner, ModelRunner::create(card, std::move(session), std::move(batcher)));
    OC_TRY_STATUS(head->attach(runner.session()));
    return TaskRunner(std::move(runner), std::move(head));
  }

  base::Result<Output> run(const media::Frame& frame, base::Tracer* tracer) { return run(frame, whole(frame), tracer); }
  /// `region` as vision::region_of() gives it; results are in pixels of the frame all the same.
  base::Result<Output> run(const media::Frame& frame, const vision::PixelRegion& region, base::Tracer* tracer) {
    OC_TRY(const ModelOutput output, runner_.run(frame, region, tracer, times_));
    const base::TraceSpan span(tracer, "head");
    const auto begin = std::chrono::steady_clock::now();
    auto result = head_->decode(output);
    times_.head = std::chrono::steady_clock::now() - begin;
    return result;
  }
  const RunTimes& last_times() const { return times_; }

 private:
  TaskRunner(ModelRunner runner, std::unique_ptr<TaskHead<Output>> head)
      : runner_(std::move(runner)), head_(std::move(head)) {}

  ModelRunner runner_;
  std::unique_ptr<TaskHead<Output>> head_;
  RunTimes times_;
};

}  // namespace ocelli::infer
