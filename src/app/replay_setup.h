#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/effective.h"
#include "engine/recording_reader.h"
#include "engine/replay.h"

namespace ocelli::app {

/// A recording whose configuration has been understood.
struct OpenRecording {
  std::unique_ptr<engine::RecordingReader> reader;
  config::EffectiveConfig config;         ///< as it was recorded
  std::vector<config::Setting> settings;  ///< the same, key by key
};

/// `corrupt`: not a recording, or its configuration is not the one that was recorded.
base::Result<OpenRecording> open_recording(const std::string& folder);

/// The camera of a site configuration that a recording is to be judged by: the named one, the one with the recording's
/// name, or the only one. A file that says nothing of the model means the recorded one.
base::Result<config::EffectiveConfig> load_other_config(const std::string& file, const std::string& camera,
                                                        const OpenRecording& recording);

/// What the stages behind the detector go by. `invalid`: rules name classes that the model does not have.
base::Result<engine::SceneConfig> scene_of(const engine::RecordingHeader& header, const engine::StreamConfig& camera);

/// "camera.zones.dock.min_stay" → "dock"; "" for what is of no rule.
std::string rule_of(const std::string& path);
/// Without the "camera." that all rules have.
std::string shown_path(const std::string& path);

}  // namespace ocelli::app
