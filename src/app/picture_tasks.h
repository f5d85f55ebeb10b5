#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "app/frame_walk.h"
#include "config/site_config.h"

namespace ocelli::app {

/// `ocelli analyze --task classify|ocr|reid|inspect`: each picture for itself, nothing is followed.
struct PictureTask {
  std::string name;  ///< classify, ocr, reid, inspect
  std::vector<std::string> inputs;
  std::string folder;
  FrameRange range;
  config::ModelConfig model;
  bool model_chosen = false;         ///< false: the task's own model, not the detector that `model` names
  std::vector<std::string> classes;  ///< of inspect; empty: all
  bool quiet = false;
};

/// `invalid` for an option on the command line that means nothing for this task.
base::Status check_task_options(const CLI::App& command, const std::string& task);

/// Prints what was found and leaves the exit code in `context`.
void run_picture_task(PictureTask task, CommandContext& context);

}  // namespace ocelli::app
