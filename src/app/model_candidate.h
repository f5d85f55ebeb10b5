#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/site_config.h"
#include "infer/loaded_model.h"
#include "media/jpeg.h"

namespace ocelli::app {

/// `ocelli models try`: loads a detector and runs it on these pictures, here, so that whatever it does to a process it
/// does to this one. Fails as load_model(), with the detector's error, and when a picture cannot be read.
base::Status try_detector(const config::ModelConfig& config, const std::vector<std::string>& pictures,
                          base::Clock& clock, const std::stop_token& stop);

/// The detector that is to replace another one: first tried in a process of its own on these pictures, with a limit on
/// its time, then loaded here as load_model() does. `invalid` with what the other process said, or the
/// signal that ended it.
base::Result<infer::LoadedModelPtr> load_candidate(const config::ModelConfig& config,
                                                   const std::vector<media::Bytes>& pictures, int parallel_runs,
                                                   const std::stop_token& stop);

}  // namespace ocelli::app
