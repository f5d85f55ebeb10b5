#pragma once

#include <string>

#include "base/result.h"
#include "config/site_config.h"
#include "engine/recording_format.h"
#include "infer/loaded_model.h"

namespace ocelli::app {

/// "ocelli 0.1.0": what recordings say of who made them.
std::string program_version();

/// What a recording of this camera's run with this model says of itself.
base::Result<engine::RecordingHeader> make_recording_header(const config::ModelConfig& model_config,
                                                            const engine::StreamConfig& camera,
                                                            const infer::LoadedModel& model);

}  // namespace ocelli::app
