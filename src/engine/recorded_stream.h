#pragma once

#include <memory>

#include "engine/recording_run.h"
#include "engine/stream.h"

namespace ocelli::engine {

/// As Stream::start(), with a recorder of this stream's run, which outlives the stream.
std::unique_ptr<Stream> start_recorded_stream(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                                              const StreamServices& services, RunRecorder& recorder);

}  // namespace ocelli::engine
