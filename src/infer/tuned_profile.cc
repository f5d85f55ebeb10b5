#include "infer/tuned_profile.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/processor.h"
#include "base/yaml.h"
#include "base/yaml_text.h"
#include "infer/model_file.h"
#include "infer/store_record.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

constexpr int kMostThreads = 256;

void read_number(base::YamlMapReader& reader, const std::string& key, double& target, double max) {
  reader.require(key);
  reader.read(key, target, 0, max);
}

void read_deployment(base::YamlMapReader& reader, TunedProfile& profile) {
  reader.require("backend");
  reader.read_enum<BackendKind>("backend", profile.backend,
                                {{"onnxruntime", BackendKind::onnx_runtime}, {"openvino", BackendKind::openvino}});
  reader.require("precision");
  reader.read_enum<Precision>("precision", profile.precision,
                              {{"fp32", Precision::fp32}, {"bf16", Precision::bf16}, {"int8", Precision::int8}});
  reader.require("threads");
  reader.read("threads", profile.threads, 1, kMostThreads);
}

void read_measurements(base::YamlMapReader& reader, TunedProfile& profile) {
  constexpr double kLongestRunMs = 1e6;
  constexpr double kMostSpeed = 1e3;
  read_number(reader, "run_ms", profile.run_ms, kLongestRunMs);
  read_number(reader, "speed", profile.speed, kMostSpeed);
  read_number(reader, "f1", profile.f1, 1);
  read_number(reader, "score_drift", profile.score_drift, 1);
  read_number(reader, "least_f1", profile.least_f1, 1);
}

}  // namespace

std::string to_yaml(const TunedProfile& profile) {
  std::string text = fmt::format(
      "# Written by `ocelli models tune`: how the model runs best on this machine. Used with precision: auto.\n"
      "model: {}\ncard_version: {}\nsource_sha256: {}\nweights_sha256: {}\nprocessor: {}\nruntime: {}\n",
      base::yaml_quoted(profile.model), base::yaml_quoted(profile.card_version), profile.source_sha256,
      profile.weights_sha256, base::yaml_quoted(profile.processor), base::yaml_quoted(profile.runtime));
  text += fmt::format("backend: {}\nprecision: {}\nthreads: {}\n", backend_name(profile.backend),
                      precision_name(profile.precision), profile.threads);
  text += fmt::format("run_ms: {:.3f}\nspeed: {:.3f}\nf1: {:.4f}\nscore_drift: {:.4f}\nleast_f1: {}\njudged_on:\n",
                      profile.run_ms, profile.speed, profile.f1, profile.score_drift, profile.least_f1);
  return text + to_yaml(profile.judged_on);
}

base::Result<TunedProfile> parse_tuned_profile(std::string_view yaml, const std::string& file) {
  OC_TRY(const auto root, base::YamlValue::parse(yaml, file));
  TunedProfile profile;
  std::vector<base::YamlProblem> problems;
  base::YamlMapReader reader(root, problems);
  read_text(reader, "model", profile.model);
  read_text(reader, "card_version", profile.card_version);
  read_sha256(reader, "source_sha256", profile.source_sha256, problems);
  read_sha256(reader, "weights_sha256", profile.weights_sha256, problems);
  read_text(reader, "processor", profile.processor);
  read_text(reader, "runtime", profile.runtime);
  read_deployment(reader, profile);
  read_measurements(reader, profile);
  read_samples(reader, "judged_on", profile.judged_on, problems);
  reader.finish();
  if (!problems.empty()) return base::yaml_error(problems);
  return profile;
}

std::string tuned_profile_path(const ModelStore& store, const ModelCard& card) {
  return fmt::format("{}/{}.tuned.yaml", store.folder(), card.sha256);
}

base::Status save_tuned_profile(const ModelStore& store, const ModelCard& card, const TunedProfile& profile) {
  return install_text(to_yaml(profile), tuned_profile_path(store, card));
}

base::Result<TunedProfile> load_tuned_profile(const ModelStore& store, const ModelCard& card) {
  const std::string path = tuned_profile_path(store, card);
  const std::string advice = fmt::format("run `ocelli models tune {} --on CLIP`", card.name);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return Error(Code::not_found, fmt::format("{} was not tuned on this machine: {}", card.name, advice));
  }
  OC_TRY(const auto text, read_record(path));
  OC_TRY(auto profile, parse_tuned_profile(text, path));
  if (profile.source_sha256 != card.sha256) {
    return Error(Code::invalid, fmt::format("{} was tuned with other weights: {}", card.name, advice));
  }
  if (const auto here = base::processor_name(); profile.processor != here) {
    return Error(Code::invalid, fmt::format("{} was tuned on another processor ({}, here is {}): {}", card.name,
                                            profile.processor, here, advice));
  }
  return profile;
}

}  // namespace ocelli::infer
