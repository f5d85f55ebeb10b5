#include "app/replay_setup.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/record_setup.h"
#include "app/sha256.h"
#include "base/suggest.h"
#include "base/yaml.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kCamera = "camera.";
constexpr const char* kModelSection = "model";

/// Whether the file or the environment says which model is meant.
bool names_a_model(const std::string& file) {
  const auto environment = config::process_environment();
  const auto first = environment.lower_bound("OCELLI_MODEL_");
  for (auto entry = first; entry != environment.end() && entry->first.starts_with("OCELLI_MODEL_"); ++entry) {
    if (entry->first != "OCELLI_MODEL_STORE" && entry->first != "OCELLI_MODEL_CARDS") return true;
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  std::vector<base::YamlProblem> problems;
  const auto root = base::YamlValue::parse(text.str(), file, problems);
  if (!root || !root->is_map()) return false;
  const auto entries = root->as_map(problems);
  return std::any_of(entries.begin(), entries.end(),
                     [](const auto& entry) { return entry.first == kModelSection && !entry.second.is_null(); });
}

}  // namespace

base::Result<OpenRecording> open_recording(const std::string& folder) {
  OpenRecording recording;
  OC_TRY(recording.reader, engine::RecordingReader::open(folder));
  const auto& header = recording.reader->header();
  OC_TRY(const auto hash, sha256_of_text(header.config));
  if (hash != header.config_sha256) {
    return Error(Code::corrupt, folder + ": its configuration is not the one that was recorded; somebody edited it");
  }
  auto config = config::read_effective_config(header.config, "its configuration", header.camera);
  if (!config) {
    return Error(Code::corrupt, fmt::format("{}: {}; it was recorded by {}, this is {}", folder,
                                            config.error().message(), header.program, program_version()));
  }
  recording.config = *std::move(config);
  recording.settings = config::effective_settings(recording.config.site, recording.config.camera);
  return recording;
}

base::Result<config::EffectiveConfig> load_other_config(const std::string& file, const std::string& camera,
                                                        const OpenRecording& recording) {
  OC_TRY(auto site, config::load_site_config_file(file, config::process_environment()));
  if (!names_a_model(file)) site.model = recording.config.site.model;
  const std::string& own_name = recording.reader->header().camera;
  const std::string& name = camera.empty() ? own_name : camera;
  std::vector<std::string> names;
  for (const auto& one : site.cameras) names.push_back(one.name);
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end() && camera.empty() && names.size() == 1) found = names.begin();
  if (found == names.end()) {
    if (names.empty()) return Error(Code::invalid, file + " has no cameras, so no rules to judge the recording by");
    return Error(Code::invalid, fmt::format("{} has no camera '{}'{}; say with --camera whose rules apply", file, name,
                                            base::did_you_mean(name, names)));
  }
  auto chosen = site.cameras[static_cast<std::size_t>(found - names.begin())];
  chosen.name = own_name;
  return config::EffectiveConfig{std::move(site), std::move(chosen)};
}

base::Result<engine::SceneConfig> scene_of(const engine::RecordingHeader& header, const engine::StreamConfig& camera) {
  OC_TRY_STATUS(engine::check_labels(camera, header.labels));
  engine::SceneConfig scene{header.camera, camera.labels, camera.tracker, camera.rules, header.labels};
  scene.tracker.class_groups = header.class_groups;
  return scene;
}

std::string shown_path(const std::string& path) {
  return path.starts_with(kCamera) ? path.substr(kCamera.size()) : path;
}

std::string rule_of(const std::string& path) {
  const std::string shown = shown_path(path);
  const std::size_t kind_ends = shown.find('.');
  const std::size_t name_ends = shown.rfind('.');
  if (shown == path || kind_ends == std::string::npos || name_ends == kind_ends) return "";
  return shown.substr(kind_ends + 1, name_ends - kind_ends - 1);
}

}  // namespace ocelli::app
