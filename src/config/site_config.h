#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/yaml.h"
#include "engine/model_updater.h"
#include "engine/stream.h"
#include "infer/backend.h"
#include "infer/precision.h"
#include "store/store_config.h"

namespace ocelli::config {

struct ServerConfig {
  std::string bind = "127.0.0.1";  ///< address to listen on
  int port = 8080;                 ///< 0: any free port
  std::string tokens;              ///< the file of those who may log in; empty: the user's own
};

struct ModelConfig {
  std::string name = "yolov8n";
  std::string cards;         ///< folder of model cards; empty: the one shipped with ocelli
  std::string store;         ///< folder of weights; empty: the user's own
  float score = 0;           ///< overrides the card's threshold; 0: the card's
  int intra_op_threads = 0;  ///< 0: measured default
  int batch = 0;  ///< most pictures of different cameras in one run; 0: measured on devices, 1 on the processor
  infer::PrecisionChoice precision = infer::PrecisionChoice::fp32;
  infer::Provider provider = infer::Provider::cpu;
};

/// What pictures that somebody sends to the API may be asked.
struct InferConfig {
  std::string models;     ///< names with commas between; empty: all whose weights are here; "none"
  int kept_models = 3;    ///< loaded at once; the one not asked for the longest time makes room
  int waiting_jobs = 16;  ///< those being worked on included; more are refused
};

/// The whole configuration: `ocelli.yaml` after all layers. Later layers win: defaults < file < OCELLI_… < flags.
struct SiteConfig {
  ServerConfig server;
  base::Logger::Config log;
  ModelConfig model;
  engine::ModelUpdateConfig updates;  ///< of the model, while cameras run
  InferConfig infer;
  store::StoreConfig store;
  track::TrackerConfig tracker;               ///< of all cameras
  std::vector<engine::StreamConfig> cameras;  ///< in the order of the file; `name` is the key
};

using Environment = std::map<std::string, std::string>;

/// The process environment, for load().
Environment process_environment();

/// Reads a configuration: defaults, then `yaml` (may be empty), then OCELLI_<SECTION>_<KEY> variables of `environment`.
/// `${NAME}` in YAML strings is replaced from the environment; an unset one is a problem. Returns every problem found;
/// the result is only meaningful when there is none. Unknown keys and unknown OCELLI_… variables are problems.
SiteConfig load_site_config(std::string_view yaml, const std::string& file, const Environment& environment,
                            std::vector<base::YamlProblem>& problems);

/// As above from a file; fails only when that cannot be read: `not_found` when it is absent.
base::Result<SiteConfig> load_site_config_file(const std::string& path, const Environment& environment,
                                               std::vector<base::YamlProblem>& problems);

/// As above, with all problems in one error.
base::Result<SiteConfig> load_site_config_file(const std::string& path, const Environment& environment);

/// The reference of all keys as Markdown: docs/configuration.md holds it, a test keeps the two equal.
std::string site_config_reference();

/// JSON Schema (2020-12) of the YAML file, for editors and for /api/v1/config/schema.json.
std::string site_config_schema();

}  // namespace ocelli::config
