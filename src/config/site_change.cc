#include "config/site_change.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "media/address.h"

namespace ocelli::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAddress = "url";

const engine::StreamConfig* find_camera(const SiteConfig& site, const std::string& name) {
  const auto found = std::find_if(site.cameras.begin(), site.cameras.end(),
                                  [&](const engine::StreamConfig& camera) { return camera.name == name; });
  return found == site.cameras.end() ? nullptr : &*found;
}

/// Where only the log-in differs, nothing else can be shown.
void hide_secrets(ChangedSetting& setting) {
  setting.before = media::redact_url(setting.before);
  setting.after = media::redact_url(setting.after);
  if (setting.before == setting.after) setting.after += " (another log-in)";
}

std::vector<ChangedSetting> camera_changes(const engine::StreamConfig& before, const engine::StreamConfig& after) {
  constexpr std::string_view kPrefix = "camera.";
  auto changes = changed_settings(camera_settings(before), camera_settings(after));
  for (auto& setting : changes) {
    if (setting.path.starts_with(kPrefix)) setting.path.erase(0, kPrefix.size());
    if (setting.path == kAddress) hide_secrets(setting);
  }
  return changes;
}

std::string setting_text(const ChangedSetting& setting) {
  const auto side = [](const std::string& value) { return value.empty() ? std::string("nothing") : value; };
  return fmt::format("{} {} -> {}", setting.path, side(setting.before), side(setting.after));
}

Json settings_json(const std::vector<ChangedSetting>& settings) {
  Json json = Json::array();
  for (const auto& setting : settings) {
    json.push_back({{"key", setting.path},
                    {"before", setting.before.empty() ? Json() : Json(setting.before)},
                    {"after", setting.after.empty() ? Json() : Json(setting.after)}});
  }
  return json;
}

const char* kind_name(CameraChange::Kind kind) {
  switch (kind) {
    case CameraChange::Kind::added:
      return "added";
    case CameraChange::Kind::changed:
      return "changed";
    case CameraChange::Kind::removed:
      return "removed";
  }
  return "unknown";
}

std::string camera_line(const CameraChange& camera) {
  switch (camera.kind) {
    case CameraChange::Kind::added:
      return "+ " + camera.name;
    case CameraChange::Kind::removed:
      return "- " + camera.name;
    case CameraChange::Kind::changed:
      break;
  }
  std::vector<std::string> settings;
  for (const auto& setting : camera.settings) settings.push_back(setting_text(setting));
  return fmt::format("~ {}: {}", camera.name, fmt::join(settings, "; "));
}

}  // namespace

SiteChange site_change(const SiteConfig& running, const SiteConfig& wanted) {
  SiteChange change;
  for (const auto& camera : running.cameras) {
    const auto* const other = find_camera(wanted, camera.name);
    if (other == nullptr) {
      change.cameras.push_back({camera.name, CameraChange::Kind::removed, {}});
    } else if (auto settings = camera_changes(camera, *other); !settings.empty()) {
      change.cameras.push_back({camera.name, CameraChange::Kind::changed, std::move(settings)});
    }
  }
  for (const auto& camera : wanted.cameras) {
    if (find_camera(running, camera.name) == nullptr) {
      change.cameras.push_back({camera.name, CameraChange::Kind::added, {}});
    }
  }
  change.at_next_start = changed_settings(start_settings(running), start_settings(wanted));
  return change;
}

std::vector<std::string> change_lines(const SiteChange& change) {
  std::vector<std::string> lines;
  for (const auto& camera : change.cameras) lines.push_back(camera_line(camera));
  for (const auto& setting : change.at_next_start)
    lines.push_back("! " + setting_text(setting) + " (at the next start)");
  return lines;
}

std::string change_json(const SiteChange& change) {
  Json json;
  json["cameras"] = Json::array();
  for (const auto& camera : change.cameras) {
    json["cameras"].push_back(
        {{"name", camera.name}, {"change", kind_name(camera.kind)}, {"settings", settings_json(camera.settings)}});
  }
  json["at_next_start"] = settings_json(change.at_next_start);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ocelli::config
