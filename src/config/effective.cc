#include "config/effective.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/yaml_text.h"
#include "config/fields.h"

namespace ocelli::config {
namespace {

constexpr std::string_view kCamera = "camera";

/// Any text, so that neither YAML nor ${NAME} makes something else of it.
std::string text_value(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3)) text.insert(at, "$");
  return base::yaml_quoted(text);
}

/// Of places in the picture or on the ground; empty where there are none.
template <class Point>
std::string points_value(const std::vector<Point>& points) {
  std::vector<std::string> texts;
  for (const auto& point : points) texts.push_back(fmt::format("[{}, {}]", point.x, point.y));
  return texts.empty() ? "" : fmt::format("[{}]", fmt::join(texts, ", "));
}

/// Overloads by the type of the target; empty: it cannot be written.
struct ValueWriter {
  const Field& field;

  bool fits(double value) const { return value >= field.min && value <= field.max; }

  std::string operator()(const std::string* value) const {
    return fits(static_cast<double>(value->size())) ? text_value(*value) : "";
  }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::chrono::milliseconds* value) const {
    return fits(static_cast<double>(value->count())) ? format_duration(*value) : "";
  }
  std::string operator()(const std::vector<std::string>* value) const {
    if (!fits(static_cast<double>(value->size()))) return "";
    std::vector<std::string> texts;
    for (const auto& text : *value) texts.push_back(text_value(text));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }
  std::string operator()(const vision::UnitPoint* value) const { return fmt::format("[{}, {}]", value->x, value->y); }
  std::string operator()(const std::vector<vision::UnitPoint>* value) const { return points_value(*value); }
  std::string operator()(const std::vector<events::MetrePoint>* value) const { return points_value(*value); }
  template <class Number>
    requires(std::is_arithmetic_v<Number>)
  std::string operator()(const Number* value) const {
    return fits(static_cast<double>(*value)) ? fmt::format("{}", *value) : "";
  }
  template <class Enum>
    requires(std::is_enum_v<Enum>)
  std::string operator()(const Enum* value) const {
    return choices(value)[static_cast<std::size_t>(*value)];
  }
};

void add(const std::string& path, const std::vector<Field>& fields, std::vector<Setting>& settings) {
  for (const auto& field : fields) {
    std::string value = std::visit([&](const auto* target) { return ValueWriter{field}(target); }, field.target);
    if (!value.empty()) settings.push_back({path + "." + std::string(field.key), std::move(value)});
  }
}

void add_zones(const std::vector<events::ZoneConfig>& zones, std::vector<Setting>& settings) {
  for (auto zone : zones) {
    auto fields = fields_of(zone);
    for (const auto& idle : idle_keys(zone)) {
      std::erase_if(fields, [&](const Field& field) { return field.key == idle.key; });
    }
    add(fmt::format("{}.zones.{}", kCamera, zone.name), fields, settings);
  }
}

/// A line is written by its two ends or, where it has bends, by all its points.
void add_lines(const std::vector<events::LineConfig>& lines, std::vector<Setting>& settings) {
  for (const auto& line : lines) {
    const bool has_bends = !line.via.empty();
    WrittenLine written{line, has_bends ? points_of(line) : std::vector<vision::UnitPoint>()};
    auto fields = fields_of(written);
    if (has_bends) std::erase_if(fields, [](const Field& field) { return field.key == "from" || field.key == "to"; });
    add(fmt::format("{}.lines.{}", kCamera, line.name), fields, settings);
  }
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::vector<Setting> effective_settings(const SiteConfig& site, const engine::StreamConfig& camera) {
  std::vector<Setting> settings;
  SiteConfig own_site = site;  // fields are bound to what may be written
  own_site.tracker = camera.tracker;
  for (const auto& section : sections_of(own_site)) {
    if (section.name == "model" || section.name == "tracker") add(std::string(section.name), section.fields, settings);
  }
  engine::StreamConfig own = camera;
  std::vector<Field> fields = fields_of(own);
  std::erase_if(fields, [](const Field& field) { return field.presence == Presence::required; });
  add(std::string(kCamera), fields, settings);
  add_zones(camera.rules.zones, settings);
  add_lines(camera.rules.lines, settings);
  events::GroundConfig ground = camera.rules.ground;
  add(fmt::format("{}.ground", kCamera), fields_of(ground), settings);
  events::CrowdConfig crowd = camera.rules.crowd;
  if (crowd.enabled) add(fmt::format("{}.crowd", kCamera), fields_of(crowd), settings);
  for (auto behaviour : camera.rules.behaviour.classes) {
    add(fmt::format("{}.behaviour.{}", kCamera, behaviour.name), fields_of(behaviour), settings);
  }
  return settings;
}

std::vector<Setting> start_settings(const SiteConfig& site) {
  std::vector<Setting> settings;
  SiteConfig own = site;  // fields are bound to what may be written
  for (const auto& section : sections_of(own)) {
    if (section.name != "tracker") add(std::string(section.name), section.fields, settings);
  }
  return settings;
}

std::vector<Setting> camera_settings(const engine::StreamConfig& camera) {
  std::vector<Setting> settings = effective_settings(SiteConfig(), camera);
  std::erase_if(settings, [](const Setting& setting) { return setting.path.starts_with("model."); });
  settings.push_back({fmt::format("{}.url", kCamera), camera.source.url});
  engine::RecordConfig record = camera.record;
  if (record.enabled()) add(fmt::format("{}.record", kCamera), fields_of(record), settings);
  return settings;
}

std::string to_yaml(const std::vector<Setting>& settings) {
  std::string text;
  std::vector<std::string_view> open;  // mappings that the last key lies in
  for (const auto& setting : settings) {
    std::vector<std::string_view> parts = split(setting.path);
    const std::string_view key = parts.back();
    parts.pop_back();
    const auto same = std::mismatch(open.begin(), open.end(), parts.begin(), parts.end()).second;
    for (auto part = same; part != parts.end(); ++part) {
      text += fmt::format("{:{}}{}:\n", "", 2 * (part - parts.begin()), *part);
    }
    text += fmt::format("{:{}}{}: {}\n", "", 2 * parts.size(), key, setting.value);
    open = std::move(parts);
  }
  return text;
}

base::Result<EffectiveConfig> read_effective_config(const std::string& yaml, const std::string& file,
                                                    const std::string& name) {
  // A site's file has its cameras by name, and each an address: the camera's lines come last, so that both fit in.
  const std::string line = fmt::format("{}:\n", kCamera);
  const std::size_t at = yaml.starts_with(line) ? 0 : yaml.find("\n" + line);
  std::string site = at == std::string::npos ? yaml : yaml.substr(0, at == 0 ? 0 : at + 1);
  site += fmt::format("cameras:\n  {}:\n    url: recording\n", kCamera);
  if (at != std::string::npos) {
    std::string_view rest = std::string_view(yaml).substr((at == 0 ? 0 : at + 1) + line.size());
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
      site += "  " + std::string(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }
  std::vector<base::YamlProblem> problems;
  EffectiveConfig effective{load_site_config(site, file, {}, problems), {}};
  if (!problems.empty()) return base::yaml_error(problems);
  effective.camera = effective.site.cameras.front();
  effective.camera.name = name;
  effective.camera.source.url.clear();
  return effective;
}

std::vector<ChangedSetting> changed_settings(const std::vector<Setting>& before, const std::vector<Setting>& after) {
  const auto value_in = [](const std::vector<Setting>& settings, const std::string& path) -> std::string {
    const auto found =
        std::find_if(settings.begin(), settings.end(), [&](const Setting& one) { return one.path == path; });
    return found == settings.end() ? "" : found->value;
  };
  std::vector<ChangedSetting> changed;
  for (const auto& [path, value] : before) {
    std::string other = value_in(after, path);
    if (other != value) changed.push_back({path, value, std::move(other)});
  }
  for (const auto& [path, value] : after) {
    if (value_in(before, path).empty()) changed.push_back({path, "", value});
  }
  return changed;
}

}  // namespace ocelli::config
