#pragma once

#include <string>

#include "app/analysis.h"
#include "base/result.h"

namespace ocelli::app {

/// <folder>/summary.json: input, model, counts, and where the time went.
base::Status write_summary(const AnalysisConfig& config, const infer::LoadedModel& model, const AnalysisReport& report);

/// The same for a person, several lines.
std::string describe(const AnalysisConfig& config, const AnalysisReport& report);

}  // namespace ocelli::app
