#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/result_files.h"
#include "events/rules.h"
#include "events/sinks.h"
#include "media/video_writer.h"

namespace ocelli::app {

/// annotated.mp4: every analysed frame with its tracks, zones and lines drawn in, and the one before it again, marked,
/// for each that was lost on the way. An input of one single frame (a
/// photo) becomes annotated.jpg instead. Where the picture changes its size or format the video ends, with a warning.
class AnnotatedVideo final : public ResultFile, public events::TrackSink {
 public:
  AnnotatedVideo(std::string folder, events::RulesConfig rules, std::vector<std::string> labels);

  base::Status accept(const events::FrameTracks& tracks) override;
  bool shows_placeholders() const override { return true; }  // or the picture after a loss would come too early
  base::Status finish() override;
  std::vector<std::string> paths() const override { return paths_; }
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  base::Status open_with(const media::Frame& second);
  base::Status write(const media::Frame& annotated);
  base::Status write_photo();

  const std::string folder_;
  const events::RulesConfig rules_;
  const std::vector<std::string> labels_;
  media::FramePtr first_;  ///< kept until the second one tells the frame rate; annotated
  std::unique_ptr<media::VideoWriter> writer_;
  bool complete_ = false;  ///< nothing more can be added
  std::vector<std::string> paths_;
  std::vector<std::string> warnings_;
};

}  // namespace ocelli::app
