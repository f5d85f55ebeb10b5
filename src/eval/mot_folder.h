#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "eval/mot_data.h"

namespace ocelli::eval {

/// Names of the folders in `benchmark` that hold gt/gt.txt, in order; `not_found` where there is none.
base::Result<std::vector<std::string>> sequence_names(const std::string& benchmark);

/// BENCHMARK/NAME/{seqinfo.ini,gt/gt.txt} and, where they are there, det/det.txt, gmc.txt and cam.txt.
base::Result<Sequence> read_sequence(const std::string& benchmark, const std::string& name);

/// FOLDER/NAME.txt, any tracker's output for that sequence.
base::Result<std::vector<ResultBox>> read_results(const std::string& folder, const Sequence& sequence);

}  // namespace ocelli::eval
