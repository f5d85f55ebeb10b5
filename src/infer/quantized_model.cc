#include "infer/quantized_model.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/yaml.h"
#include "base/yaml_text.h"
#include "infer/store_record.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

std::string to_yaml(const QuantizedModel& model) {
  std::string text = fmt::format(
      "# Written by `ocelli models quantize`: int8 weights and what they were made from.\n"
      "model: {}\ncard_version: {}\nsource_sha256: {}\nsha256: {}\ncalibration:\n",
      base::yaml_quoted(model.model), base::yaml_quoted(model.card_version), model.source_sha256, model.sha256);
  text += to_yaml(model.calibration);
  text += "tools:\n";
  for (const auto& tool : model.tools) text += fmt::format("  - {}\n", base::yaml_quoted(tool));
  return text;
}

base::Result<QuantizedModel> parse_quantized_model(std::string_view yaml, const std::string& file) {
  OC_TRY(const auto root, base::YamlValue::parse(yaml, file));
  QuantizedModel model;
  std::vector<base::YamlProblem> problems;
  base::YamlMapReader reader(root, problems);
  read_text(reader, "model", model.model);
  read_text(reader, "card_version", model.card_version);
  read_sha256(reader, "source_sha256", model.source_sha256, problems);
  read_sha256(reader, "sha256", model.sha256, problems);
  read_samples(reader, "calibration", model.calibration, problems);
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
  OC_TRY(const auto text, read_record(path));
  OC_TRY(auto model, parse_quantized_model(text, path));
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
