#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/picture_model.h"
#include "infer/classification_head.h"
#include "infer/text_reader.h"
#include "media/frame.h"

namespace ocelli::app::internal {

// How results on single pictures are written, in files as in answers of the API.

using Json = nlohmann::ordered_json;

/// [{"label":…,"class":…,"score":…}].
Json classes_json(const infer::Classification& classes, const std::vector<std::string>& labels);
/// [{"text":…,"score":…,"corners":[[x,y] four times]}].
Json lines_json(const infer::TextLines& lines);

/// {"input":…,"frame":…,"time_s":…,"width":…,"height":…}: how a line of a file begins.
Json frame_json(const std::string& input, const media::Frame& frame);

/// Adds what was found: "detections", "classes", "embedding", "lines", or "objects" and "left_out".
void add_result(Json& json, const PictureResult& result, const PictureModelInfo& info);

/// On one line; bytes that are no UTF-8 are replaced.
std::string text_of(const Json& json);

}  // namespace ocelli::app::internal
