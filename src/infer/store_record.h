#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "infer/clip_sampler.h"

namespace ocelli::infer {

// What the records that ocelli itself writes into the model store have in common.

/// A YAML list, indented by two.
std::string to_yaml(const std::vector<ClipSample>& samples);

/// Keys that must be there.
void read_text(base::YamlMapReader& reader, const std::string& key, std::string& target);
/// Becomes a file name, so it is looked at closely.
void read_sha256(base::YamlMapReader& reader, const std::string& key, std::string& target,
                 std::vector<base::YamlProblem>& problems);
void read_samples(base::YamlMapReader& reader, const std::string& key, std::vector<ClipSample>& target,
                  std::vector<base::YamlProblem>& problems);

/// The whole file.
base::Result<std::string> read_record(const std::string& path);

}  // namespace ocelli::infer
