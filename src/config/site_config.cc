#include "config/site_config.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"
#include "config/fields.h"
#include "config/polygon.h"
#include "infer/behaviour_network.h"

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

/// Also where two points are the same.
template <class Point>
bool three_in_a_line(const std::vector<Point>& points) {
  for (std::size_t left_out = 0; left_out < points.size(); ++left_out) {
    std::vector<Point> three = points;
    three.erase(three.begin() + static_cast<std::ptrdiff_t>(left_out));
    const double ax = static_cast<double>(three[1].x) - three[0].x;
    const double ay = static_cast<double>(three[1].y) - three[0].y;
    const double bx = static_cast<double>(three[2].x) - three[0].x;
    const double by = static_cast<double>(three[2].y) - three[0].y;
    if (std::abs(ax * by - ay * bx) < 1e-6) return true;
  }
  return false;
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
    if (const auto crowd = present(reader, "crowd")) read_crowd(*crowd, camera.rules.crowd);
    reader.finish();
  }

  /// Over what the defaults say.
  void read_record(const YamlValue& value, engine::RecordConfig& record) {
    if (!read_mapping(value, fields_of(record))) return;
    if (const auto status = engine::check_record(record); !status) {
      problems_.push_back(value.problem(status.error().message()));
    }
  }

  /// Over what the defaults say.
  void read_crowd(const YamlValue& value, events::CrowdConfig& crowd) {
    if (!read_mapping(value, fields_of(crowd))) return;
    if (const auto defect = events::crowd_defect(crowd)) problems_.push_back(value.problem(*defect));
  }

  engine::StreamConfig read_camera(const YamlValue& value, engine::StreamConfig camera) {
    YamlMapReader reader(value, problems_);
    read_fields(reader, fields_of(camera));
    if (const auto url = reader.child("url")) check_url(*url, camera.source.url);
    if (const auto record = present(reader, "record")) read_record(*record, camera.record);
    if (const auto crowd = present(reader, "crowd")) read_crowd(*crowd, camera.rules.crowd);
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
    if (const auto behaviour = present(reader, "behaviour")) read_behaviour(*behaviour, names, camera.rules.behaviour);
    if (const auto ground = present(reader, "ground")) read_ground(*ground, camera.rules.ground);
    if (const auto zones = reader.child("zones")) check_speeds(*zones, camera.rules);
    reader.finish();
    return camera;
  }

  /// `names`: those of the camera's zones and lines.
  void read_behaviour(const YamlValue& value, const std::set<std::string>& names, events::BehaviourConfig& behaviour) {
    if (!network_) {
      auto network = infer::load_behaviour_network();
      if (!network) return problems_.push_back(value.problem(network.error().message()));
      network_ = *std::move(network);
    }
    behaviour.network = network_;
    const auto& known = network_->spec().classes;
    for (const auto& [name, entry] : value.as_map(problems_)) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        problems_.push_back(
            value.key_problem(name, fmt::format("there is no behaviour '{}'{}; there are: {}", name,
                                                base::did_you_mean(name, known), fmt::join(known, ", "))));
        continue;
      }
      if (names.contains(name)) {
        problems_.push_back(value.key_problem(name, "a zone or line of this camera already has this name"));
      }
      behaviour.classes.push_back({.name = name});
      auto& thresholds = behaviour.classes.back();
      if (entry.is_null() || !read_mapping(entry, fields_of(thresholds))) continue;
      if (const auto defect = events::behaviour_defect(thresholds)) problems_.push_back(entry.problem(*defect));
    }
  }

  events::ZoneConfig read_zone(const YamlValue& value, const std::string& name) {
    events::ZoneConfig zone;
    zone.name = name;
    if (!read_mapping(value, fields_of(zone))) return zone;
    YamlMapReader reader(value, problems_);
    if (const auto defect = polygon_defect(zone.corners)) {
      problems_.push_back(reader.child("points")->problem(*defect));
    }
    check_idle_keys(reader, zone);
    return zone;
  }

  void check_idle_keys(YamlMapReader& reader, const events::ZoneConfig& zone) {
    for (const auto& idle : idle_keys(zone)) {
      const auto value = reader.child(std::string(idle.key));
      if (!value) continue;
      problems_.push_back(
          value->problem(fmt::format("{} does nothing without {}: add that, or remove this", idle.key, idle.needs)));
    }
  }

  events::LineConfig read_line(const YamlValue& value, const std::string& name) {
    WrittenLine written;
    written.line.name = name;
    const std::size_t problems_before = problems_.size();
    YamlMapReader reader(value, problems_);
    read_fields(reader, fields_of(written));
    if (const auto points = reader.child("points")) {
      for (const char* const end : {"from", "to"}) {
        if (const auto other = reader.child(end)) {
          problems_.push_back(other->problem(fmt::format("a line has points, or from and to: remove {}", end)));
        }
      }
    } else {
      reader.require("from");
      reader.require("to");
      written.points = {written.line.from, written.line.to};
    }
    reader.finish();
    if (problems_.size() != problems_before) return written.line;
    check_length(value, written.points);
    written.line.from = written.points.front();
    written.line.to = written.points.back();
    written.line.via.assign(written.points.begin() + 1, written.points.end() - 1);
    return written.line;
  }

  void check_length(const YamlValue& value, const std::vector<vision::UnitPoint>& points) {
    const auto same = std::adjacent_find(points.begin(), points.end());
    if (same == points.end()) return;
    const auto number = same - points.begin() + 1;
    problems_.push_back(value.problem(points.size() == 2
                                          ? "the line begins and ends at the same point"
                                          : fmt::format("points {} and {} are the same", number, number + 1)));
  }

  void read_ground(const YamlValue& value, events::GroundConfig& ground) {
    if (!read_mapping(value, fields_of(ground))) return;
    if (ground.points.size() != ground.metres.size()) {
      problems_.push_back(value.problem(fmt::format("{} is missing: each of the four points needs its place in metres",
                                                    ground.points.empty() ? "points" : "metres")));
      return;
    }
    if (three_in_a_line(ground.points) || three_in_a_line(ground.metres)) {
      problems_.push_back(value.problem("three of the four points lie in a line: take the corners of an area"));
    }
  }

  /// Without a ground, people are the only ruler, and only for themselves.
  void check_speeds(const YamlValue& zones, const events::RulesConfig& rules) {
    if (!rules.ground.points.empty()) return;
    for (const auto& zone : rules.zones) {
      const auto& labels = zone.labels;
      const bool people = labels.empty() || std::find(labels.begin(), labels.end(), "person") != labels.end();
      if (zone.max_speed_kmh <= 0 || people) continue;
      problems_.push_back(zones.key_problem(
          zone.name,
          "max_speed_kmh needs ground: without it only people's speed is known, and person is not in classes"));
    }
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
  std::shared_ptr<const infer::Tcn> network_;  // of all cameras, once one asks for it
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
