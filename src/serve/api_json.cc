#include "serve/api_json.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "serve/annotate.h"
#include "vision/draw.h"

namespace ocelli::serve {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Two decimals are what a reader can use; more would only make the answer longer.
double rounded(double value) {
  return std::round(value * 100) / 100;
}

double milliseconds_per(std::chrono::nanoseconds sum, std::uint64_t count) {
  if (count == 0) return 0;
  return rounded(std::chrono::duration<double, std::milli>(sum).count() / static_cast<double>(count));
}

Json overview_json(const CameraOverview& camera) {
  const engine::StreamStatus& status = camera.status;
  Json json;
  json["name"] = camera.name;
  json["state"] = engine::life_state_name(status.state);
  json["reason"] = status.reason;
  json["width"] = status.info ? Json(status.info->width) : Json();
  json["height"] = status.info ? Json(status.info->height) : Json();
  json["codec"] = status.info ? Json(status.info->codec) : Json();
  json["live"] = status.info ? Json(status.info->live) : Json();
  json["fps"] = rounded(camera.frames_per_second);
  json["source_fps"] = status.info ? Json(rounded(status.info->frames_per_second)) : Json();
  json["frames"] = status.frames_analysed;
  json["frames_decoded"] = status.frames_decoded;
  json["drops"] = status.frames_dropped;
  json["packets_corrupt"] = status.packets_corrupt;
  json["events"] = camera.events;
  json["tracks"] = camera.tracks;
  json["staleness_s"] = camera.staleness_s ? Json(rounded(*camera.staleness_s)) : Json();
  json["position_s"] = rounded(media::to_seconds(status.position));
  json["decode_ms"] = milliseconds_per(status.decode_time, status.frames_decoded);
  json["inference_ms"] = milliseconds_per(status.inference_time, status.frames_analysed);
  json["frame_ms"] = milliseconds_per(status.total_time, status.frames_analysed);
  return json;
}

std::string color_text(std::uint64_t track_id) {
  const vision::Color color = vision::color_of(track_id);
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

Json track_json(const track::Track& track, const CameraTracks& all) {
  Json json;
  json["id"] = track.id;
  json["state"] = track::track_state_name(track.state);
  json["label"] = class_label(all.labels, track.class_id);
  json["color"] = color_text(track.id);
  json["score"] = rounded(track.score);
  json["box"] = {{"left", rounded(track.box.left)},
                 {"top", rounded(track.box.top)},
                 {"width", rounded(track.box.width)},
                 {"height", rounded(track.box.height)}};
  json["speed_px_s"] = rounded(std::hypot(track.velocity_px_s.x, track.velocity_px_s.y));
  json["age_s"] = rounded(media::to_seconds(all.frame->time) - media::to_seconds(track.first_seen));
  return json;
}

Json update_json(const engine::ModelUpdateStatus& update) {
  Json json;
  json["card"] = update.card;
  json["state"] = engine::update_state_name(update.state);
  json["reason"] = update.reason;
  json["warm_up_runs"] = update.warm_up_runs;
  json["shadow_frames"] = update.shadow_frames;
  json["agreement"] = update.shadow ? Json(update.shadow->agreement.f1()) : Json();
  json["slowdown"] = update.shadow ? Json(rounded(update.shadow->slowdown())) : Json();
  json["switch_ms"] = rounded(std::chrono::duration<double, std::milli>(update.switch_time).count());
  return json;
}

}  // namespace

std::string models_json(const infer::ServedModel& model, const std::optional<engine::ModelUpdateStatus>& update) {
  const auto serving = model.serving();
  const auto runs = model.runs();
  Json json;
  json["name"] = serving->card.name;
  json["version"] = serving->card.version;
  json["sha256"] = serving->deployment.weights_sha256;
  json["precision"] = infer::precision_name(serving->deployment.precision);
  json["backend"] = serving->backend->description();
  json["frames"] = runs.frames;
  json["failures"] = runs.failures;
  json["run_ms"] = milliseconds_per(runs.run_time, runs.frames);
  json["update"] = update ? update_json(*update) : Json();
  return text_of(Json{{"models", Json::array({json})}});
}

std::string cameras_json(std::span<const CameraOverview> cameras) {
  Json json;
  json["cameras"] = Json::array();
  for (const CameraOverview& camera : cameras) json["cameras"].push_back(overview_json(camera));
  return text_of(json);
}

std::string camera_json(const CameraOverview& camera) {
  return text_of(overview_json(camera));
}

std::string tracks_json(const CameraTracks& tracks) {
  Json json;
  json["camera"] = tracks.camera;
  json["time_s"] = tracks.frame ? Json(rounded(media::to_seconds(tracks.frame->time))) : Json();
  json["width"] = tracks.frame ? Json(tracks.frame->width) : Json();
  json["height"] = tracks.frame ? Json(tracks.frame->height) : Json();
  json["tracks"] = Json::array();
  if (tracks.frame) {
    for (const track::Track& track : tracks.tracks) json["tracks"].push_back(track_json(track, tracks));
  }
  return text_of(json);
}

std::string events_json(std::span<const RingEvent> events, const std::string& cursor) {
  // The events are JSON already.
  std::string text = R"({"events":[)";
  for (const RingEvent& event : events) {
    if (&event != events.data()) text += ',';
    text += *event.json;
  }
  return text + R"(],"cursor":)" + text_of(Json(cursor)) + "}";
}

std::string session_json(bool needs_log_in, const std::optional<Principal>& principal) {
  Json json;
  json["log_in"] = needs_log_in;
  json["name"] = principal ? Json(principal->name) : Json();
  json["role"] = principal ? Json(role_name(principal->role)) : Json();
  return text_of(json);
}

std::string health_json(const std::string& status, const std::string& reason) {
  Json json;
  json["status"] = status;
  json["reason"] = reason;
  return text_of(json);
}

}  // namespace ocelli::serve
