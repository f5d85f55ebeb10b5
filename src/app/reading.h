#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "app/atomic_file.h"
#include "app/frame_walk.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/site_config.h"
#include "infer/text_reader.h"
#include "media/frame.h"

namespace ocelli::app {

/// lines.jsonl: the text in each frame of each input, line by line in reading order.
struct ReadingConfig {
  std::string folder;
  FrameRange range;
};

/// What was read in one input.
struct ReadingReport {
  std::size_t frames = 0;
  std::size_t lines = 0;         ///< of all frames
  infer::TextLines frame_lines;  ///< of the last one
};

/// The models that ocelli is shipped with, verified and loaded; `model` says where cards and weights lie.
base::Result<infer::TextModels> load_text_models(const config::ModelConfig& model);

/// Reads inputs one after the other into one file. One thread.
class ReadingJob {
 public:
  static base::Result<ReadingJob> create(const ReadingConfig& config, const infer::TextModels& models);

  /// Goes through a picture or clip to its end. `cancelled` after `stop`; what was found until then is in the file.
  /// `unavailable` and `exhausted` are of the file where `file_failed()` says so, else of the input.
  base::Result<ReadingReport> run(const std::string& input, base::Clock& clock, const std::stop_token& stop);
  bool file_failed() const { return file_failed_; }
  /// Gives the file its name.
  base::Status finish() { return file_.commit(); }
  const std::string& path() const { return file_.path(); }

 private:
  ReadingJob(const ReadingConfig& config, AtomicFile file, infer::TextReader reader)
      : config_(config), file_(std::move(file)), reader_(std::move(reader)) {}

  base::Status read(const std::string& input, const media::Frame& frame, ReadingReport& report);

  ReadingConfig config_;
  AtomicFile file_;
  infer::TextReader reader_;
  bool file_failed_ = false;
};

}  // namespace ocelli::app
