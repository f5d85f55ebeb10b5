#include "config/camera_edit.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/suggest.h"
#include "base/yaml.h"
#include "config/site_change.h"

namespace ocelli::config {
namespace {

using base::Code;
using base::Error;
using Json = nlohmann::ordered_json;

constexpr int kDeepest = 16;  // what a camera holds is four deep
constexpr std::size_t kIndentation = 2;

/// Of a file's lines, counted from 0; `end` is behind the last.
struct Lines {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Camera {
  std::string name;
  Lines lines;
};

/// Where things stand in the text.
struct Layout {
  std::vector<std::string> lines;          ///< with their line ends
  std::optional<std::size_t> cameras;      ///< the line of the key `cameras`
  std::vector<Camera> entries;             ///< in their order
  std::size_t indentation = kIndentation;  ///< of a camera's name
};

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::string join_lines(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, ""));
}

std::size_t indentation_of(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool says_nothing(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string::npos || line[first] == '#';
}

/// From a key to the line before the next one that is not inside it. Comments and empty lines at the end belong to
/// what follows, unless they are indented as what is inside.
Lines lines_of_entry(const std::vector<std::string>& lines, std::size_t key) {
  const std::size_t indentation = indentation_of(lines[key]);
  std::size_t end = key + 1;
  for (std::size_t line = key + 1; line < lines.size(); ++line) {
    const bool is_inside = indentation_of(lines[line]) > indentation;
    if (says_nothing(lines[line])) {
      if (is_inside && line == end && lines[line].find('#') != std::string::npos) end = line + 1;
      continue;
    }
    if (!is_inside) break;
    end = line + 1;
  }
  return {key, end};
}

Error in_one_line(const std::string& file) {
  return {Code::unsupported, file +
                                 ": its cameras are written in one line, with { }; write each on lines of its own, or "
                                 "edit the file by hand"};
}

/// The 0-based line of a key of `map`; only its own text and spaces may stand before it.
base::Result<std::size_t> line_of_key(const base::YamlValue& map, const std::string& key, const Layout& layout,
                                      const std::string& file) {
  const auto place = map.key_problem(key, "");
  const auto line = static_cast<std::size_t>(place.line) - 1;
  const auto column = static_cast<std::size_t>(place.column) - 1;
  if (line >= layout.lines.size() || indentation_of(layout.lines[line]) != column) return in_one_line(file);
  return line;
}

base::Result<Layout> read_layout(std::string_view yaml, const std::string& file) {
  OC_TRY(const auto root, base::YamlValue::parse(yaml, file));
  Layout layout{.lines = split_lines(yaml), .cameras = {}, .entries = {}};
  if (root.is_null()) return layout;
  std::vector<base::YamlProblem> problems;
  for (const auto& [key, value] : root.as_map(problems)) {
    if (key != "cameras") continue;
    OC_TRY(layout.cameras, line_of_key(root, key, layout, file));
    if (value.is_null()) break;
    for (const auto& [name, entry] : value.as_map(problems)) {
      OC_TRY(const std::size_t line, line_of_key(value, name, layout, file));
      layout.entries.push_back({name, lines_of_entry(layout.lines, line)});
      layout.indentation = indentation_of(layout.lines[line]);
    }
    const bool is_braces = layout.entries.empty() && !value.is_null();
    if (is_braces) layout.lines[*layout.cameras] = "cameras:\n";
  }
  if (!problems.empty()) return base::yaml_error(problems);
  return layout;
}

bool is_plain(const std::string& key) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !key.empty() && key.front() != '-' && key.find_first_not_of(kPlain) == std::string::npos;
}

/// A key to a line; lists and texts as JSON, which is YAML.
void append_mapping(const Json& map, std::size_t indentation, std::vector<std::string>& lines) {
  for (const auto& [key, value] : map.items()) {
    const std::string shown_key = is_plain(key) ? key : Json(key).dump();
    const bool is_mapping = value.is_object() && !value.empty();
    lines.push_back(fmt::format("{:{}}{}:{}\n", "", indentation, shown_key, is_mapping ? "" : " " + value.dump()));
    if (is_mapping) append_mapping(value, indentation + kIndentation, lines);
  }
}

base::Result<Json> parse_camera(std::string_view text) {
  int deepest = 0;
  // What lies deeper is left out at once: nothing that comes from outside makes the parser or the writer recurse.
  const auto bound = [&](int depth, Json::parse_event_t, Json&) {
    deepest = std::max(deepest, depth);
    return depth <= kDeepest;
  };
  Json json;
  try {
    json = Json::parse(text, bound);
    if (deepest > kDeepest) return Error(Code::invalid, fmt::format("the JSON is more than {} levels deep", kDeepest));
    if (!json.is_object()) return Error(Code::invalid, "a camera is a JSON object, such as {\"url\": \"rtsp://…\"}");
    [[maybe_unused]] const std::string checked = json.dump();  // throws for text that is not UTF-8
  } catch (const Json::exception& error) {
    return Error(Code::invalid, std::string("this is not JSON: ") + error.what());
  }
  return json;
}

std::vector<std::string> camera_lines(const std::string& name, const Json& camera, std::size_t indentation) {
  const std::string shown_name =
      is_plain(name) ? name : Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::string> lines{fmt::format("{:{}}{}:{}\n", "", indentation, shown_name, camera.empty() ? " {}" : "")};
  append_mapping(camera, indentation + kIndentation, lines);
  return lines;
}

/// The last line may lack its end.
void end_last_line(std::vector<std::string>& lines) {
  if (!lines.empty() && !lines.back().ends_with('\n')) lines.back() += '\n';
}

std::string with_camera(Layout layout, const std::string& name, const Json& camera) {
  end_last_line(layout.lines);
  if (!layout.cameras) {
    layout.cameras = layout.lines.size();
    layout.lines.emplace_back("cameras:\n");
  }
  const std::size_t end = layout.entries.empty() ? *layout.cameras + 1 : layout.entries.back().lines.end;
  Lines place{end, end};
  for (const auto& entry : layout.entries) {
    if (entry.name == name) place = entry.lines;
  }
  auto& lines = layout.lines;
  const auto rest = lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(place.begin),
                                lines.begin() + static_cast<std::ptrdiff_t>(place.end));
  const auto added = camera_lines(name, camera, layout.indentation);
  lines.insert(rest, added.begin(), added.end());
  return join_lines(lines);
}

base::Result<std::string> without_camera(Layout layout, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : layout.entries) {
    names.push_back(entry.name);
    if (entry.name != name) continue;
    auto& lines = layout.lines;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(entry.lines.begin),
                lines.begin() + static_cast<std::ptrdiff_t>(entry.lines.end));
    return join_lines(lines);
  }
  return Error(Code::not_found, fmt::format("no camera '{}'{}", name, base::did_you_mean(name, names)));
}

base::Result<SiteConfig> load(std::string_view yaml, const std::string& file, const Environment& environment) {
  std::vector<base::YamlProblem> problems;
  SiteConfig site = load_site_config(yaml, file, environment, problems);
  if (!problems.empty()) return base::yaml_error(problems);
  return site;
}

/// Lines are cut by their indentation, which some texts over several lines do not keep to: then the edit is not this
/// camera's alone, and is not made.
base::Result<EditedSite> checked(const SiteConfig& before, std::string yaml, const std::string& file,
                                 const Environment& environment, const std::string& name) {
  OC_TRY(SiteConfig after, load(yaml, file, environment));
  const SiteChange change = site_change(before, after);
  const bool is_alone =
      change.at_next_start.empty() && std::all_of(change.cameras.begin(), change.cameras.end(),
                                                  [&](const CameraChange& camera) { return camera.name == name; });
  if (!is_alone) {
    return Error(Code::unsupported, file + " is written in a way that only a person can edit: change the file by hand");
  }
  return EditedSite{std::move(yaml), std::move(after)};
}

}  // namespace

base::Result<EditedSite> set_camera(std::string_view yaml, const std::string& file, const Environment& environment,
                                    const std::string& name, std::string_view json) {
  OC_TRY(const Json camera, parse_camera(json));
  OC_TRY(const SiteConfig before, load(yaml, file, environment));
  OC_TRY(Layout layout, read_layout(yaml, file));
  return checked(before, with_camera(std::move(layout), name, camera), file, environment, name);
}

base::Result<EditedSite> remove_camera(std::string_view yaml, const std::string& file, const Environment& environment,
                                       const std::string& name) {
  OC_TRY(const SiteConfig before, load(yaml, file, environment));
  OC_TRY(Layout layout, read_layout(yaml, file));
  OC_TRY(std::string edited, without_camera(std::move(layout), name));
  return checked(before, std::move(edited), file, environment, name);
}

}  // namespace ocelli::config
