#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ocelli::base {

/// One thing that is wrong in a YAML file, where a person finds it. Lines and columns count from 1.
struct YamlProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;

  /// "site.yaml:12:3: unknown key 'zonez' (did you mean 'zones'?)".
  std::string to_string() const;
};

/// A value inside a parsed YAML document; keeps the document alive. Cheap to copy. Hostile input (deep nesting, alias
/// bombs, megabytes) is refused, never crashes.
class YamlValue {
 public:
  /// `invalid` with place and reason for text that is not YAML, holds several documents, repeats a key, uses tags, or
  /// is larger than 4 MiB, deeper than 64 levels or, with its aliases written out, longer than 250,000 values.
  static Result<YamlValue> parse(std::string_view text, const std::string& file);
  /// As parse(), but the reason goes to `problems`, with its place.
  static std::optional<YamlValue> parse(std::string_view text, const std::string& file,
                                        std::vector<YamlProblem>& problems);
  /// One unquoted value that stands in no YAML file, such as an environment variable; `origin` is named in problems.
  static YamlValue scalar(std::string text, std::string origin);

  bool is_map() const;
  bool is_list() const;
  bool is_null() const;

  /// Each says what it expected and found, at the value's place, and returns nothing when the type does not fit.
  std::optional<std::string> as_string(std::vector<YamlProblem>& problems) const;
  std::optional<bool> as_bool(std::vector<YamlProblem>& problems) const;
  std::optional<std::int64_t> as_integer(std::vector<YamlProblem>& problems) const;
  std::optional<double> as_number(std::vector<YamlProblem>& problems) const;
  std::vector<YamlValue> as_list(std::vector<YamlProblem>& problems) const;
  std::vector<std::pair<std::string, YamlValue>> as_map(std::vector<YamlProblem>& problems) const;

  YamlProblem problem(std::string message) const;
  /// A problem at the place of `key` itself; this must be a map that has it.
  YamlProblem key_problem(const std::string& key, std::string message) const;

 private:
  struct Document;
  struct Node;
  class Builder;
  explicit YamlValue(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  std::shared_ptr<const Node> node_;  // co-owned by all values of one document
};

/// Reads a mapping key by key, collects every problem instead of stopping at the first, and in the end names the keys
/// that nobody asked for. Targets of absent or wrong keys keep their value.
class YamlMapReader {
 public:
  YamlMapReader(const YamlValue& map, std::vector<YamlProblem>& problems);

  bool read(const std::string& key, std::string& target);
  bool read(const std::string& key, bool& target);
  bool read(const std::string& key, int& target, int min, int max);
  bool read(const std::string& key, double& target, double min, double max);
  bool read(const std::string& key, float& target, double min, double max);
  bool read(const std::string& key, std::vector<std::string>& target);
  std::optional<YamlValue> child(const std::string& key);

  /// Reads one of a few names, e.g. {"area", "bilinear"}; wrong names get a suggestion.
  template <class Enum>
  bool read_enum(const std::string& key, Enum& target, const std::vector<std::pair<std::string, Enum>>& names) {
    std::vector<std::string> known;
    for (const auto& [name, value] : names) known.push_back(name);
    const auto index = read_choice(key, known);
    if (!index) return false;
    target = names[*index].second;
    return true;
  }

  /// Reports `key` as missing unless it was there.
  void require(const std::string& key);
  /// Reports the keys that were never asked for. To be called last.
  void finish();

 private:
  std::optional<std::size_t> read_choice(const std::string& key, const std::vector<std::string>& names);

  const YamlValue* find(const std::string& key);

  YamlValue map_;
  std::vector<YamlProblem>& problems_;
  std::vector<std::pair<std::string, YamlValue>> entries_;
  std::vector<std::string> known_keys_;
};

/// All problems as one error: the first, and how many more.
Error yaml_error(const std::vector<YamlProblem>& problems);

}  // namespace ocelli::base
