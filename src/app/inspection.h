#pragma once

#include <memory>

#include "app/picture_model.h"
#include "base/result.h"
#include "config/site_config.h"

namespace ocelli::app {

/// The objects in a picture, each cut out, classified and read: one answer. What `config` says of the model is of the
/// detector; of the others it only says where they lie. Errors say which model to get. Classes are chosen by the
/// detector's names.
base::Result<std::unique_ptr<PictureModel>> load_inspection(const config::ModelConfig& config);

inline constexpr const char* kClassifier = "mobilenet_v2";

}  // namespace ocelli::app
