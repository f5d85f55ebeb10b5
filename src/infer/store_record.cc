#include "infer/store_record.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/yaml_text.h"

namespace ocelli::infer {

using base::YamlMapReader;
using base::YamlProblem;
using base::YamlValue;

namespace {

constexpr std::size_t kSha256Digits = 64;

ClipSample read_sample(const YamlValue& map, std::vector<YamlProblem>& problems) {
  ClipSample sample;
  YamlMapReader reader(map, problems);
  read_text(reader, "clip", sample.clip);
  read_sha256(reader, "sha256", sample.sha256, problems);
  reader.require("frames");
  if (const auto frames = reader.child("frames")) {
    for (const auto& frame : frames->as_list(problems)) {
      const auto number = frame.as_integer(problems);
      if (number && *number < 0) problems.push_back(frame.problem("frames count from 0"));
      if (number && *number >= 0) sample.frames.push_back(static_cast<std::uint64_t>(*number));
    }
  }
  reader.finish();
  return sample;
}

}  // namespace

std::string to_yaml(const std::vector<ClipSample>& samples) {
  std::string text;
  for (const auto& sample : samples) {
    text += fmt::format("  - clip: {}\n    sha256: {}\n    frames: [{}]\n", base::yaml_quoted(sample.clip),
                        sample.sha256, fmt::join(sample.frames, ", "));
  }
  return text;
}

void read_text(YamlMapReader& reader, const std::string& key, std::string& target) {
  reader.require(key);
  reader.read(key, target);
}

void read_sha256(YamlMapReader& reader, const std::string& key, std::string& target,
                 std::vector<YamlProblem>& problems) {
  read_text(reader, key, target);
  const bool fits = target.size() == kSha256Digits && target.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (const auto value = reader.child(key); value && !fits) {
    problems.push_back(value->problem(key + " must be a SHA-256: 64 lower-case hexadecimal digits"));
  }
}

void read_samples(YamlMapReader& reader, const std::string& key, std::vector<ClipSample>& target,
                  std::vector<YamlProblem>& problems) {
  reader.require(key);
  if (const auto list = reader.child(key)) {
    for (const auto& item : list->as_list(problems)) target.push_back(read_sample(item, problems));
  }
}

base::Result<std::string> read_record(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return base::Error(base::Code::unavailable, "cannot read " + path);
  }
  return text.str();
}

}  // namespace ocelli::infer
