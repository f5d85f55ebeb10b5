#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "app/atomic_file.h"
#include "app/frame_walk.h"
#include "app/model_setup.h"
#include "base/clock.h"
#include "base/result.h"
#include "infer/classification_head.h"
#include "infer/task_runner.h"
#include "media/frame.h"

namespace ocelli::app {

/// classes.jsonl: what each frame of each input shows, its most probable classes, best first.
struct ClassificationConfig {
  std::string folder;
  FrameRange range;
};

/// What one input showed.
struct ClassificationReport {
  std::size_t frames = 0;
  std::string label;  ///< the one that was best most often
  std::size_t label_frames = 0;
  float score = 0;  ///< of the last frame that had it
};

/// Classifies inputs one after the other into one file. One thread.
class ClassificationJob {
 public:
  static base::Result<ClassificationJob> create(const ClassificationConfig& config, const infer::LoadedModel& model);

  /// Goes through a picture or clip to its end. `cancelled` after `stop`; what was found until then is in the file.
  /// `unavailable` and `exhausted` are of the file where `file_failed()` says so, else of the input.
  base::Result<ClassificationReport> run(const std::string& input, base::Clock& clock, const std::stop_token& stop);
  bool file_failed() const { return file_failed_; }
  /// Gives the file its name.
  base::Status finish() { return file_.commit(); }
  const std::string& path() const { return file_.path(); }

 private:
  ClassificationJob(const ClassificationConfig& config, AtomicFile file, const infer::LoadedModel& model,
                    infer::TaskRunner<infer::Classification> runner)
      : config_(config), file_(std::move(file)), labels_(model.card.labels), runner_(std::move(runner)) {}

  base::Status classify(const std::string& input, const media::Frame& frame);

  ClassificationConfig config_;
  AtomicFile file_;
  std::vector<std::string> labels_;
  infer::TaskRunner<infer::Classification> runner_;
  bool file_failed_ = false;
  std::map<int, std::size_t> best_;  ///< frames by best class, in this input
  std::map<int, float> scores_;      ///< the last by class, in this input
};

}  // namespace ocelli::app
