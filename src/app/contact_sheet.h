#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/result_files.h"
#include "events/rules.h"
#include "events/sinks.h"
#include "infer/tensor.h"
#include "vision/preprocess.h"

namespace ocelli::app {

/// contact-sheet.jpg: twelve annotated pictures spread evenly over the whole input, however long it turns out to be.
class ContactSheet final : public ResultFile, public events::TrackSink {
 public:
  ContactSheet(std::string folder, events::RulesConfig rules, std::vector<std::string> labels);

  base::Status accept(const events::FrameTracks& tracks) override;
  base::Status finish() override;
  std::vector<std::string> paths() const override { return paths_; }

 private:
  using Thumbnail = infer::TensorBuffer;  ///< planar B, G, R

  const std::string folder_;
  const events::RulesConfig rules_;
  const std::vector<std::string> labels_;
  vision::Preprocessor shrink_;
  std::uint64_t frames_ = 0;
  std::uint64_t keep_every_ = 1;  ///< doubles whenever the store is full
  std::vector<Thumbnail> thumbnails_;
  std::vector<std::string> paths_;
};

}  // namespace ocelli::app
