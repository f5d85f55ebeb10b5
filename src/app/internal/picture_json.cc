#include "app/internal/picture_json.h"

#include <cmath>
#include <cstddef>
#include <variant>

#include "media/address.h"
#include "media/media_time.h"

namespace ocelli::app::internal {
namespace {

/// To what can be known of it, and no longer than needed.
double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

constexpr double kPixelParts = 10;
constexpr double kScoreParts = 10'000;
constexpr double kEmbeddingParts = 1'000'000;

Json detection_json(const infer::Detection& detection, const std::vector<std::string>& labels) {
  const auto& box = detection.box;
  return {{"label", labels.at(static_cast<std::size_t>(detection.class_id))},
          {"class", detection.class_id},
          {"score", rounded(detection.score, kScoreParts)},
          {"box",
           {{"left", rounded(box.left, kPixelParts)},
            {"top", rounded(box.top, kPixelParts)},
            {"width", rounded(box.width, kPixelParts)},
            {"height", rounded(box.height, kPixelParts)}}}};
}

/// One function for each type of result.
struct ResultWriter {
  Json& json;
  const PictureModelInfo& info;

  void operator()(const infer::Detections& detections) const {
    Json& list = json["detections"] = Json::array();
    for (const auto& detection : detections) list.push_back(detection_json(detection, info.labels));
  }
  void operator()(const infer::Classification& classes) const { json["classes"] = classes_json(classes, info.labels); }
  void operator()(const infer::Embedding& embedding) const {
    Json values = Json::array();
    for (const float value : embedding.values) values.push_back(rounded(value, kEmbeddingParts));
    json["embedding"] = {{"length", embedding.values.size()}, {"values", std::move(values)}};
  }
  void operator()(const infer::TextLines& lines) const { json["lines"] = lines_json(lines); }
  void operator()(const Inspection& inspection) const {
    Json& list = json["objects"] = Json::array();
    for (const auto& object : inspection.objects) {
      Json entry = detection_json(object.detection, info.labels);
      entry["looked_at"] = object.looked_at;
      entry["classes"] = classes_json(object.classes, info.look_labels);
      entry["lines"] = lines_json(object.lines);
      list.push_back(std::move(entry));
    }
    json["left_out"] = inspection.left_out;
  }
};

}  // namespace

Json classes_json(const infer::Classification& classes, const std::vector<std::string>& labels) {
  Json list = Json::array();
  for (const auto& [class_id, score] : classes) {
    list.push_back({{"label", labels.at(static_cast<std::size_t>(class_id))},
                    {"class", class_id},
                    {"score", rounded(score, kScoreParts)}});
  }
  return list;
}

Json lines_json(const infer::TextLines& lines) {
  Json list = Json::array();
  for (const auto& line : lines) {
    Json corners = Json::array();
    for (const auto& corner : line.area.corners) {
      corners.push_back({rounded(corner.x, kPixelParts), rounded(corner.y, kPixelParts)});
    }
    list.push_back({{"text", line.text}, {"score", rounded(line.score, kScoreParts)}, {"corners", std::move(corners)}});
  }
  return list;
}

Json frame_json(const std::string& input, const media::Frame& frame) {
  return {{"input", media::redact_url(input)},
          {"frame", frame.info().sequence},
          {"time_s", rounded(media::to_seconds(frame.time()), 1000)},
          {"width", frame.width()},
          {"height", frame.height()}};
}

void add_result(Json& json, const PictureResult& result, const PictureModelInfo& info) {
  std::visit(ResultWriter{json, info}, result);
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ocelli::app::internal
