#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/model_setup.h"
#include "app/picture_model.h"
#include "base/result.h"
#include "config/site_config.h"

namespace ocelli::app {

/// The objects in a picture, each cut out, classified and read: one answer. `classes` are those of interest, by the
/// detector's names; empty: all. `invalid` for a class that it does not know; errors say which model to get. What
/// `config` says of the model is of the detector; of the others it only says where they lie.
base::Result<std::unique_ptr<PictureModel>> make_inspection(const infer::LoadedModel& detector,
                                                            const config::ModelConfig& config,
                                                            const std::vector<std::string>& classes);
/// With the detector that `config` names.
base::Result<std::unique_ptr<PictureModel>> load_inspection(const config::ModelConfig& config,
                                                            const std::vector<std::string>& classes);

inline constexpr const char* kClassifier = "mobilenet_v2";

}  // namespace ocelli::app
