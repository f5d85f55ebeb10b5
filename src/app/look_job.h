#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/atomic_file.h"
#include "app/frame_walk.h"
#include "app/picture_model.h"
#include "base/clock.h"
#include "base/result.h"
#include "media/frame.h"

namespace ocelli::app {

/// A file of JSON lines: what a PictureModel says of each frame of each input.
struct LookConfig {
  std::string folder;
  std::string file;  ///< its name in the folder
  FrameRange range;
};

/// What one input showed.
struct LookReport {
  std::size_t frames = 0;
  std::vector<std::string> last;  ///< what was in the last frame, for people, a line each
};

/// Looks at inputs one after the other, into one file. One thread.
class LookJob {
 public:
  static base::Result<LookJob> create(const LookConfig& config, std::unique_ptr<PictureModel> model);

  /// Goes through a picture or clip to its end. `cancelled` after `stop`; what was found until then is in the file.
  /// `unavailable` and `exhausted` are of the file where `file_failed()` says so, else of the input.
  base::Result<LookReport> run(const std::string& input, base::Clock& clock, const std::stop_token& stop);
  bool file_failed() const { return file_failed_; }
  /// Gives the file its name.
  base::Status finish() { return file_.commit(); }
  const std::string& path() const { return file_.path(); }

 private:
  LookJob(const LookConfig& config, AtomicFile file, std::unique_ptr<PictureModel> model)
      : config_(config), file_(std::move(file)), model_(std::move(model)) {}

  base::Status look(const std::string& input, const media::Frame& frame, LookReport& report);

  LookConfig config_;
  AtomicFile file_;
  std::unique_ptr<PictureModel> model_;
  bool file_failed_ = false;
};

}  // namespace ocelli::app
