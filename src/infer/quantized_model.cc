#include "infer/quantized_model.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/yaml.h"
#include "base/yaml_text.h"

namespace ocelli::infer {

using base::Code;
using base::Error;
using base::YamlMapReader;
using base::YamlProblem;
using base::YamlValue;

namespace {

constexpr std::size_t kSha256Digits = 64;

std::string to_yaml(const ClipSample& sample) {
  return fmt::format("  - clip: {}\n    sha256: {}\n    frames: [{}]\n", base::yaml_quoted(sample.clip), sample.sha256,
                     fmt::join(sample.frames, ", "));
}

void read_text(YamlMapReader& reader, const std::string& key, std::string& target) {
  reader.require(key);
  reader.read(key, target);
}

// Becomes a file name, so it is looked at closely.
void read_sha256(YamlMapReader& reader, const std::string& key, std::string& target,
                 std::vector<YamlProblem>& problems) {
  read_text(reader, key, target);
  const bool fits = target.size() == kSha256Digits && target.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (const auto value = reader.child(key); value && !fits) {
    problems.push_back(value->problem(key + " must be a SHA-256: 64 lower-case hexadecimal digits"));
  }
}

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

std::string to_yaml(const QuantizedModel& model) {
  std::string text = fmt::format(
      "# Written by `ocelli models quantize`: int8 weights and what they were made from.\n"
      "model: {}\ncard_version: {}\nsource_sha256: {}\nsha256: {}\ncalibration:\n",
      base::yaml_quoted(model.model), base::yaml_quoted(model.card_version), model.source_sha256, model.sha256);
  for (const auto& sample : model.calibration) text += to_yaml(sample);
  text += "tools:\n";
  for (const auto& tool : model.tools) text += fmt::format("  - {}\n", base::yaml_quoted(tool));
  return text;
}

base::Result<QuantizedModel> parse_quantized_model(std::string_view yaml, const std::string& file) {
  OC_TRY(const auto root, YamlValue::parse(yaml, file));
  QuantizedModel model;
  std::vector<YamlProblem> problems;
  YamlMapReader reader(root, problems);
  read_text(reader, "model", model.model);
  read_text(reader, "card_version", model.card_version);
  read_sha256(reader, "source_sha256", model.source_sha256, problems);
  read_sha256(reader, "sha256", model.sha256, problems);
  reader.require("calibration");
  if (const auto list = reader.child("calibration")) {
    for (const auto& item : list->as_list(problems)) model.calibration.push_back(read_sample(item, problems));
  }
  reader.require("tools");
  reader.read("tools", model.tools);
  reader.finish();
  if (!problems.empty()) return base::yaml_error(problems);
  return model;
}

std::string quantized_record_path(const ModelStore& store, const ModelCard& card) {
  return fmt::format("{}/{}.int8.yaml", store.folder(), card.sha256);
}

base::Result<QuantizedModel> load_quantized_model(const ModelStore& store, const ModelCard& card) {
  const std::string path = quantized_record_path(store, card);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return Error(
        Code::not_found,
        fmt::format("{0} has no int8 weights on this machine: run `ocelli models quantize {0} --on CLIP`, with "
                    "a clip like what your cameras see",
                    card.name));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return Error(Code::unavailable, "cannot read " + path);
  OC_TRY(auto model, parse_quantized_model(text.str(), path));
  if (model.source_sha256 != card.sha256) {
    return Error(
        Code::corrupt,
        fmt::format("{} tells of other weights than {} has now: run `ocelli models quantize {} --on CLIP` again", path,
                    card.name, card.name));
  }
  return model;
}

base::Result<QuantizedModel> verify_quantized_model(const ModelStore& store, const ModelCard& card) {
  OC_TRY(auto model, load_quantized_model(store, card));
  const std::string path = store.weights_path(model.sha256);
  const auto actual = sha256_of_file(path);
  if (actual && *actual == model.sha256) return model;
  return Error(Code::corrupt,
               fmt::format("the int8 weights of {0} are damaged ({1}): run `ocelli models quantize {0} "
                           "--on CLIP` again",
                           card.name, actual ? path + " has SHA-256 " + *actual : actual.error().message()));
}

}  // namespace ocelli::infer
