#pragma once

#include <any>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/executor.h"
#include "base/result.h"
#include "base/trace.h"
#include "infer/any_head.h"
#include "infer/model_runner.h"

namespace ocelli::infer {

/// One task of a Dispatcher, and the type of what it gives: a name that cannot be misspelt.
template <class Result>
struct TaskKey {
  std::size_t index;
};

/// Which detections are cut out for a task on crops, and how.
struct CropRule {
  std::vector<int> class_ids;  ///< empty: all
  float margin = 0;            ///< added on each side, as a share of the box's width or height
  std::size_t max_crops = 16;  ///< of those wanted, the first, which have the best scores
  int least_side_px = 8;       ///< smaller ones show nothing and are passed over
  bool operator==(const CropRule&) const = default;
};

/// What all tasks made of one frame.
class TaskResponse {
 public:
  template <class Result>
  const base::Result<Result>& operator[](TaskKey<Result> key) const {
    const auto* result = std::any_cast<base::Result<Result>>(&results_.at(key.index));
    OC_CHECK(result != nullptr);  // a key of another dispatcher
    return *result;
  }
  /// Where the time of its runs went, of all crops together. Tasks that share a run share this, with all their heads.
  template <class Result>
  const RunTimes& times(TaskKey<Result> key) const {
    return times_.at(key.index);
  }

 private:
  friend class Dispatcher;
  std::vector<std::any> results_;
  std::vector<RunTimes> times_;
};

/// Several tasks on one frame, with one typed response. Tasks whose model and input are the same share one run of it,
/// whatever their heads make of its outputs; a task may work on what another one detected (person → looks, vehicle →
/// plate → text), at any depth. A task that fails, or a crop of it, carries its own error; the others go on.
///
/// Without helpers it runs them one after the other on the caller's thread, which is right where a model's run already
/// uses the cores that its session was given. With helpers, what does not need each other's results runs side by side:
/// a good use of cores that have nothing to do for sessions of one thread. The response is the same. One thread at a
/// time.
class Dispatcher {
 public:
  /// A task on the whole frame. `invalid` when card or head do not fit the model.
  template <class Output>
  base::Result<TaskKey<Output>> add(const ModelCard& card, std::shared_ptr<Session> session,
                                    base::Result<std::unique_ptr<TaskHead<Output>>> head) {
    if (!head) return head.error();
    OC_TRY(const auto index, add_to_group({}, card, std::move(session), erase<FrameHead<Output>>(std::move(*head))));
    return TaskKey<Output>{index};
  }

  /// A task on each of the detections of `source`: TaskKey<Detections>, or TaskKey<Crops<Detections>> for what was
  /// detected in crops, all of them in one row.
  template <class Source, class Output>
  base::Result<TaskKey<Crops<Output>>> add_on_crops(TaskKey<Source> source, const CropRule& rule, const ModelCard& card,
                                                    std::shared_ptr<Session> session,
                                                    base::Result<std::unique_ptr<TaskHead<Output>>> head) {
    static_assert(std::is_same_v<Source, Detections> || std::is_same_v<Source, Crops<Detections>>);
    if (!head) return head.error();
    OC_TRY(const auto index,
           add_to_group(Cut{source.index, rule}, card, std::move(session), erase<CropHead<Output>>(std::move(*head))));
    return TaskKey<Crops<Output>>{index};
  }

  /// `helpers`: whose free workers help; may be those that call this.
  TaskResponse run(const media::Frame& frame, base::Tracer* tracer, base::Executor* helpers = nullptr);

 private:
  struct Cut {
    std::size_t source;  // index of the task whose detections are cut out
    CropRule rule;
    bool operator==(const Cut&) const = default;
  };
  /// Tasks that share a run: the same model, input and regions.
  struct Group {
    std::optional<Cut> cut;
    vision::InputSpec input;
    ModelRunner runner;
    std::vector<std::size_t> tasks;
    std::size_t depth = 0;     // 0: on whole frames; else one more than that of what it cuts out
    RunTimes times{};          // of this frame
    std::size_t left_out = 0;  // likewise
  };

  template <class Erased, class Head>
  static std::unique_ptr<AnyHead> erase(Head head) {
    return std::make_unique<Erased>(std::move(head));
  }
  base::Result<std::size_t> add_to_group(const std::optional<Cut>& cut, const ModelCard& card,
                                         std::shared_ptr<Session> session, std::unique_ptr<AnyHead> head);
  const Group& group_of(std::size_t task) const;
  void run_group(Group& group, const media::Frame& frame, base::Tracer* tracer);
  void run_on_region(Group& group, const media::Frame& frame, std::size_t index, const vision::PixelRegion& region,
                     base::Tracer* tracer);
  /// How many detections were left out.
  std::size_t run_on_crops(Group& group, const media::Frame& frame, base::Tracer* tracer);

  std::vector<Group> groups_;
  std::vector<std::vector<std::size_t>> levels_;  // of groups_, by depth: those of one need only those before
  std::vector<std::unique_ptr<AnyHead>> heads_;
};

}  // namespace ocelli::infer
