#include "app/record_setup.h"

#include "app/sha256.h"
#include "config/effective.h"

namespace ocelli::app {

std::string program_version() {
  return "ocelli " OCELLI_VERSION;
}

base::Result<engine::RecordingHeader> make_recording_header(const config::ModelConfig& model_config,
                                                            const engine::StreamConfig& camera,
                                                            const infer::LoadedModel& model) {
  config::SiteConfig site;
  site.model = model_config;
  engine::RecordingHeader header;
  header.program = program_version();
  header.camera = camera.name;
  header.source = media::redact_url(camera.source.url);
  header.model = model.card.name;
  header.model_version = model.card.version;
  header.model_sha256 = model.deployment.weights_sha256;
  header.precision = infer::precision_name(model.deployment.precision);
  header.score = static_cast<double>(model.card.thresholds.score);
  header.labels = model.card.labels;
  header.class_groups = model.card.class_groups;
  header.config = config::to_yaml(config::effective_settings(site, camera));
  OC_TRY(header.config_sha256, sha256_of_text(header.config));
  return header;
}

}  // namespace ocelli::app
