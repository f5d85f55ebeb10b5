#include "config/site_config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "config/fields.h"
#include "config/polygon.h"

extern char** environ;  // POSIX

namespace ocelli::config {
namespace {

using base::YamlMapReader;
using base::YamlProblem;
using base::YamlValue;

constexpr std::string_view kVariablePrefix = "OCELLI_";
/// Read by other rooms, not part of the configuration.
const std::vector<std::string> kOtherVariables = {"OCELLI_ACCEPT_LICENCE", "OCELLI_ONNXRUNTIME"};
const std::vector<std::string> kSchemes = {"http", "https", "rtsp", "rtsps"};

bool is_name(const std::string& text) {
  static const std::regex kPattern{std::string(kNamePattern)};
  // std::regex recurses per character, so the length is looked at first.
  return text.size() <= 64 && std::regex_match(text, kPattern);
}

class SiteReader {
 public:
  SiteReader(const Environment& environment, std::vector<YamlProblem>& problems)
      : environment_(environment), problems_(problems) {}

  void read_file(const YamlValue& root) {
    if (root.is_null()) return;
    YamlMapReader reader(root, problems_);
    for (const auto& section : sections_of(site_)) {
      if (const auto value = present(reader, std::string(section.name))) read_mapping(*value, section.fields);
    }
    engine::StreamConfig camera = default_camera();
    if (const auto value = present(reader, "defaults")) read_defaults(*value, camera);
    if (const auto value = present(reader, "cameras")) {
      for (const auto& [name, entry] : value->as_map(problems_)) {
        check_name(*value, name, "camera");
        camera.name = name;
        site_.cameras.push_back(read_camera(entry, camera));
      }
    }
    reader.finish();
  }

  /// OCELLI_<SECTION>_<KEY> over what the file said.
  void read_environment() {
    std::vector<std::string> known = kOtherVariables;
    for (const auto& section : sections_of(site_)) {
      for (const auto& field : section.fields) {
        known.push_back(variable_name(section, field));
        const auto found = environment_.find(known.back());
        if (found == environment_.end()) continue;
        read_field(field, YamlValue::scalar(found->second, "environment variable " + found->first), environment_,
                   problems_);
      }
    }
    for (auto entry = environment_.lower_bound(std::string(kVariablePrefix));
         entry != environment_.end() && entry->first.starts_with(kVariablePrefix); ++entry) {
      if (std::find(known.begin(), known.end(), entry->first) != known.end()) continue;
      const auto place = YamlValue::scalar("", "environment variable " + entry->first);
      problems_.push_back(place.problem("ocelli knows no such variable" + base::did_you_mean(entry->first, known) +
                                        "; unset it, or see `ocelli config reference`"));
    }
  }

  SiteConfig finish(const std::string& file) {
    if (site_.tracker.low_score > site_.tracker.high_score) {
      problems_.push_back({file, 0, 0,
                           fmt::format("tracker: low_score ({}) must not be above high_score ({})",
                                       site_.tracker.low_score, site_.tracker.high_score)});
    }
    for (auto& camera : site_.cameras) camera.tracker = site_.tracker;
    return std::move(site_);
  }

 private:
  /// The value of `key`, unless it is absent or empty: a mapping whose lines are all commented out is no mistake.
  static std::optional<YamlValue> present(YamlMapReader& reader, const std::string& key) {
    auto value = reader.child(key);
    if (value && value->is_null()) return std::nullopt;
    return value;
  }

  void read_fields(YamlMapReader& reader, const std::vector<Field>& fields) {
    for (const auto& field : fields) {
      const std::string key(field.key);
      if (const auto value = reader.child(key)) read_field(field, *value, environment_, problems_);
      if (field.presence == Presence::required) reader.require(key);
    }
  }

  /// Whether the mapping was read without any problem.
  bool read_mapping(const YamlValue& value, const std::vector<Field>& fields) {
    const std::size_t problems_before = problems_.size();
    YamlMapReader reader(value, problems_);
    read_fields(reader, fields);
    reader.finish();
    return problems_.size() == problems_before;
  }

  void read_defaults(const YamlValue& value, engine::StreamConfig& camera) {
    std::vector<Field> fields = fields_of(camera);
    std::erase_if(fields, [](const Field& field) { return field.presence == Presence::required; });
    YamlMapReader reader(value, problems_);
    read_fields(reader, fields);
    if (const auto record = present(reader, "record")) read_record(*record, camera.record);
    reader.finish();
  }

  /// Over what the defaults say.
  void read_record(const YamlValue& value, engine::RecordConfig& record) {
    if (!read_mapping(value, fields_of(record))) return;
    if (const auto status = engine::check_record(record); !status) {
      problems_.push_back(value.problem(status.error().message()));
    }
  }

  engine::StreamConfig read_camera(const YamlValue& value, engine::StreamConfig camera) {
    YamlMapReader reader(value, problems_);
    read_fields(reader, fields_of(camera));
    if (const auto url = reader.child("url")) check_url(*url, camera.source.url);
    if (const auto record = present(reader, "record")) read_record(*record, camera.record);
    std::set<std::string> names;
    if (const auto zones = present(reader, "zones")) {
      for (const auto& [name, entry] : zones->as_map(problems_)) {
        check_rule_name(*zones, name, "zone", names);
        camera.rules.zones.push_back(read_zone(entry, name));
      }
    }
    if (const auto lines = present(reader, "lines")) {
      for (const auto& [name, entry] : lines->as_map(problems_)) {
        check_rule_name(*lines, name, "line", names);
        camera.rules.lines.push_back(read_line(entry, name));
      }
    }
    reader.finish();
    return camera;
  }

  events::ZoneConfig read_zone(const YamlValue& value, const std::string& name) {
    events::ZoneConfig zone;
    zone.name = name;
    if (!read_mapping(value, fields_of(zone))) return zone;
    const auto defect = polygon_defect(zone.corners);
    if (defect) problems_.push_back(YamlMapReader(value, problems_).child("points")->problem(*defect));
    return zone;
  }

  events::LineConfig read_line(const YamlValue& value, const std::string& name) {
    events::LineConfig line;
    line.name = name;
    if (read_mapping(value, fields_of(line)) && line.from == line.to) {
      problems_.push_back(value.problem("the line begins and ends at the same point"));
    }
    return line;
  }

  void check_name(const YamlValue& map, const std::string& name, std::string_view what) {
    if (is_name(name)) return;
    problems_.push_back(map.key_problem(
        name,
        fmt::format("a {} name is 1 to 64 letters, digits, '-' or '_', and begins with a letter or digit", what)));
  }

  /// Events name the zone or line, so one name must not be both.
  void check_rule_name(const YamlValue& map, const std::string& name, std::string_view what,
                       std::set<std::string>& names) {
    check_name(map, name, what);
    if (names.insert(name).second) return;
    problems_.push_back(map.key_problem(name, "a zone of this camera already has this name"));
  }

  /// Never shows the address: it may hold a password.
  void check_url(const YamlValue& value, const std::string& url) {
    if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
      problems_.push_back(value.problem("url holds a control character, such as a line break"));
    }
    const std::size_t end = url.find("://");
    if (end == std::string::npos) return;
    const std::string scheme = url.substr(0, end);
    if (std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end()) return;
    const std::string nearest = base::nearest_name(scheme, kSchemes);
    problems_.push_back(value.problem("url must be a file, or begin with http://, https://, rtsp:// or rtsps://" +
                                      (nearest.empty() ? "" : " (did you mean '" + nearest + "://'?)")));
  }

  const Environment& environment_;
  std::vector<YamlProblem>& problems_;
  SiteConfig site_;
};

base::Result<std::string> read_text_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const int error = errno;
  if (!stream) {
    const auto code = error == ENOENT ? base::Code::not_found : base::Code::unavailable;
    return base::Error(code, fmt::format("{}: cannot be read: {}", path, std::strerror(error)));
  }
  // One byte more than YamlValue::parse() takes, so that it refuses what never ends, such as a device.
  std::string text((4U << 20U) + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) return base::Error(base::Code::unavailable, path + ": cannot be read; is it a folder?");
  return text;
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

SiteConfig load_site_config(std::string_view yaml, const std::string& file, const Environment& environment,
                            std::vector<base::YamlProblem>& problems) {
  SiteReader reader(environment, problems);
  if (const auto root = YamlValue::parse(yaml, file, problems)) reader.read_file(*root);
  reader.read_environment();
  return reader.finish(file);
}

base::Result<SiteConfig> load_site_config_file(const std::string& path, const Environment& environment,
                                               std::vector<YamlProblem>& problems) {
  OC_TRY(const std::string text, read_text_file(path));
  return load_site_config(text, path, environment, problems);
}

base::Result<SiteConfig> load_site_config_file(const std::string& path, const Environment& environment) {
  std::vector<YamlProblem> problems;
  OC_TRY(SiteConfig site, load_site_config_file(path, environment, problems));
  if (!problems.empty()) return base::yaml_error(problems);
  return site;
}

}  // namespace ocelli::config
