#pragma once

#include <any>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "infer/detection_head.h"
#include "infer/model_output.h"
#include "infer/task_head.h"
#include "vision/geometry.h"

namespace ocelli::infer {

/// What a task made of one region of a frame.
template <class Output>
struct CropResult {
  std::size_t detection = 0;  ///< which of the detections that were cut out
  vision::PixelRegion region;
  base::Result<Output> output;
};

/// What a task made of the detections of another one.
template <class Output>
struct Crops {
  std::vector<CropResult<Output>> items;
  std::size_t left_out = 0;  ///< detections beyond CropRule::max_crops
};

/// A head without its type, and its result so far: what a Dispatcher keeps. One frame is begin(), add() or fail() any
/// number of times, finish(). Results are Result<Output> for a frame, Result<Crops<Output>> for crops.
class AnyHead {
 public:
  virtual ~AnyHead() = default;
  virtual base::Status attach(const Session& session) = 0;
  virtual void begin() = 0;
  /// `output` or why there is none, for the crop of detection `index`; a task on whole frames ignores these two.
  virtual void add(const base::Result<ModelOutput>& output, std::size_t index, const vision::PixelRegion& region) = 0;
  /// There is no result, for this reason.
  virtual void fail(const base::Error& error) = 0;
  virtual std::any finish(std::size_t left_out) = 0;
  /// The detections in what finish() would give; none unless that is what the head makes.
  virtual base::Result<Detections> detections() const = 0;
};

template <class Output>
base::Result<Output> decode_if(TaskHead<Output>& head, const base::Result<ModelOutput>& output) {
  if (!output) return output.error();
  return head.decode(*output);
}

template <class Output>
class FrameHead final : public AnyHead {
 public:
  explicit FrameHead(std::unique_ptr<TaskHead<Output>> head) : head_(std::move(head)) {}

  base::Status attach(const Session& session) override { return head_->attach(session); }
  void begin() override {}
  void add(const base::Result<ModelOutput>& output, std::size_t, const vision::PixelRegion&) override {
    result_ = decode_if(*head_, output);
  }
  void fail(const base::Error& error) override { result_ = error; }
  std::any finish(std::size_t) override { return std::exchange(result_, none()); }
  base::Result<Detections> detections() const override {
    if (!result_) return result_.error();
    if constexpr (std::is_same_v<Output, Detections>) return *result_;
    return Detections{};
  }

 private:
  static base::Error none() { return {base::Code::internal, "the task did not run"}; }

  std::unique_ptr<TaskHead<Output>> head_;
  base::Result<Output> result_ = none();
};

template <class Output>
class CropHead final : public AnyHead {
 public:
  explicit CropHead(std::unique_ptr<TaskHead<Output>> head) : head_(std::move(head)) {}

  base::Status attach(const Session& session) override { return head_->attach(session); }
  void begin() override { result_ = Crops<Output>{}; }
  void add(const base::Result<ModelOutput>& output, std::size_t index, const vision::PixelRegion& region) override {
    result_->items.push_back({index, region, decode_if(*head_, output)});
  }
  void fail(const base::Error& error) override { result_ = error; }
  std::any finish(std::size_t left_out) override {
    if (result_) result_->left_out = left_out;
    return std::exchange(result_, Crops<Output>{});
  }
  base::Result<Detections> detections() const override {
    if (!result_) return result_.error();
    Detections all;
    if constexpr (std::is_same_v<Output, Detections>) {
      for (const auto& item : result_->items) {
        if (item.output) all.insert(all.end(), item.output->begin(), item.output->end());
      }
    }
    return all;
  }

 private:
  std::unique_ptr<TaskHead<Output>> head_;
  base::Result<Crops<Output>> result_ = Crops<Output>{};
};

}  // namespace ocelli::infer
