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
///
/// The process gets `memory_mib` more than it has when this begins; 0: 1024 and eight times the size of the weights,
/// but no more than half of the machine's. `unsupported` when that was too little, or, where no error can be carried,
/// the end of the process with the same words and ExitCode::model.
base::Status try_detector(const config::ModelConfig& config, const std::vector<std::string>& pictures, int memory_mib,
                          base::Clock& clock, const std::stop_token& stop);

struct CandidateBounds {
  int parallel_runs = 1;  ///< as load_model() takes it
  int memory_mib = 0;     ///< as try_detector() takes it
};

/// The detector that is to replace another one: first tried in a process of its own on these pictures, with bounds on
/// its time and memory, then loaded here as load_model() does. `invalid` with what the other process said, or the
/// signal that ended it.
base::Result<infer::LoadedModelPtr> load_candidate(const config::ModelConfig& config,
                                                   const std::vector<media::Bytes>& pictures,
                                                   const CandidateBounds& bounds, const std::stop_token& stop);

}  // namespace ocelli::app
