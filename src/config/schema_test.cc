#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>  // IWYU pragma: keep (the headers it names are its own affair)

#include "config/site_config.h"

namespace ocelli::config {
namespace {

using Json = nlohmann::json;

/// As a YAML editor reads it: quoted scalars are strings, the others what they look like.
Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = to_json(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(to_json(item));
    return array;
  }
  if (!node.IsDefined() || node.IsNull()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();
  const Json value = Json::parse(node.Scalar(), nullptr, false);
  return value.is_discarded() ? Json(node.Scalar()) : value;
}

/// As much of JSON Schema as our schema uses; an unknown keyword fails the test.
class Validator {
 public:
  explicit Validator(const Json& schema) : root_(schema) {}

  bool valid(const Json& value) { return valid(value, root_); }

 private:
  static bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == "null" && value.is_null();
  }

  bool valid(const Json& value, const Json& schema) {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [keyword, argument] : schema.items()) {
      if (!valid(value, schema, keyword, argument)) return false;
    }
    return true;
  }

  bool valid(const Json& value, const Json& schema, const std::string& keyword, const Json& argument) {
    if (keyword == "$schema" || keyword == "title" || keyword == "description" || keyword == "default") return true;
    if (keyword == "$defs") return true;
    if (keyword == "$ref") return valid(value, root_.at(Json::json_pointer(argument.get<std::string>().substr(1))));
    if (keyword == "type") {
      const Json types = argument.is_array() ? argument : Json::array({argument});
      return std::any_of(types.begin(), types.end(), [&](const Json& type) { return has_type(value, type); });
    }
    if (keyword == "anyOf") {
      return std::any_of(argument.begin(), argument.end(), [&](const Json& choice) { return valid(value, choice); });
    }
    if (keyword == "enum") return std::find(argument.begin(), argument.end(), value) != argument.end();
    if (value.is_number()) return valid_number(value, keyword, argument);
    if (value.is_string()) return valid_string(value.get<std::string>(), keyword, argument);
    if (value.is_array()) return valid_array(value, keyword, argument);
    return !value.is_object() || valid_object(value, schema, keyword, argument);
  }

  static bool valid_number(const Json& value, const std::string& keyword, const Json& argument) {
    if (keyword == "minimum") return value >= argument;
    return keyword != "maximum" || value <= argument;
  }

  static bool valid_string(const std::string& value, const std::string& keyword, const Json& argument) {
    if (keyword == "minLength") return value.size() >= argument;
    if (keyword == "maxLength") return value.size() <= argument;
    return keyword != "pattern" || std::regex_search(value, std::regex(argument.get<std::string>()));
  }

  bool valid_array(const Json& value, const std::string& keyword, const Json& argument) {
    if (keyword == "minItems") return value.size() >= argument;
    if (keyword == "maxItems") return value.size() <= argument;
    return keyword != "items" ||
           std::all_of(value.begin(), value.end(), [&](const Json& item) { return valid(item, argument); });
  }

  bool valid_object(const Json& value, const Json& schema, const std::string& keyword, const Json& argument) {
    if (keyword == "required") {
      return std::all_of(argument.begin(), argument.end(), [&](const Json& key) { return value.contains(key); });
    }
    for (const auto& [key, member] : value.items()) {
      const bool declared = schema.contains("properties") && schema["properties"].contains(key);
      if (keyword == "properties" && declared && !valid(member, argument[key])) return false;
      if (keyword == "additionalProperties" && !declared && !valid(member, argument)) return false;
      if (keyword == "propertyNames" && !valid(key, argument)) return false;
    }
    const bool known = keyword == "properties" || keyword == "additionalProperties" || keyword == "propertyNames";
    EXPECT_TRUE(known) << keyword;
    return known;
  }

  const Json& root_;
};

class Schema : public testing::Test {
 protected:
  bool schema_accepts(const std::string& yaml) { return Validator(schema_).valid(to_json(YAML::Load(yaml))); }

  static bool reader_accepts(const std::string& yaml) {
    std::vector<base::YamlProblem> problems;
    load_site_config(yaml, "a.yaml", {{"GATE_USER", "u"}, {"GATE_PASSWORD", "p"}}, problems);
    return problems.empty();
  }

  const Json schema_ = Json::parse(site_config_schema());
};

TEST_F(Schema, AcceptsTheExampleFile) {
  std::ifstream stream(std::filesystem::path(OCELLI_SOURCE_FOLDER) / "ocelli.example.yaml");
  const std::string yaml{std::istreambuf_iterator<char>(stream), {}};
  ASSERT_FALSE(yaml.empty());
  EXPECT_TRUE(schema_accepts(yaml));
  EXPECT_TRUE(reader_accepts(yaml));
}

TEST_F(Schema, ItsDefaultsAreAcceptedByTheReaderAndItsKeysAreKnown) {
  for (const auto& [section, definition] : schema_["properties"].items()) {
    if (section == "cameras") continue;
    for (const auto& [key, field] : definition["properties"].items()) {
      Json value = field.contains("default") ? field["default"] : Json::array({"person"});
      if (field.contains("$ref")) value = nullptr;  // a mapping of its own, which may be empty
      const std::string yaml = Json{{section, {{key, value}}}}.dump();
      EXPECT_TRUE(reader_accepts(yaml)) << yaml;
      EXPECT_TRUE(schema_accepts(yaml)) << yaml;
      const std::string unknown = Json{{section, {{key + "x", value}}}}.dump();
      EXPECT_FALSE(reader_accepts(unknown)) << unknown;
      EXPECT_FALSE(schema_accepts(unknown)) << unknown;
    }
  }
}

TEST_F(Schema, RefusesNumbersBeyondItsBoundsAsTheReaderDoes) {
  int checked = 0;
  for (const auto& [section, definition] : schema_["properties"].items()) {
    if (section == "cameras") continue;
    for (const auto& [key, field] : definition["properties"].items()) {
      if (!field.contains("minimum")) continue;
      ++checked;
      const bool whole = field["type"] == "integer";
      const auto yaml = [&, key = key, section = section](double value) {
        return Json{{section, {{key, whole ? Json(std::llround(value)) : Json(value)}}}}.dump();
      };
      const double min = field["minimum"];
      const double max = field["maximum"];
      // A low score of 1 would be above the high score.
      EXPECT_TRUE(schema_accepts(yaml(max))) << yaml(max);
      EXPECT_TRUE(key == "low_score" || reader_accepts(yaml(max))) << yaml(max);
      for (const double outside : {min - 1, max + 1}) {
        EXPECT_FALSE(schema_accepts(yaml(outside))) << yaml(outside);
        EXPECT_FALSE(reader_accepts(yaml(outside))) << yaml(outside);
      }
    }
  }
  EXPECT_GT(checked, 8);
}

TEST_F(Schema, AgreesWithTheReader) {
  const std::vector<std::string> files = {
      "",
      "server:\ncameras:\n",
      "cameras: {a: {url: x}}",
      "cameras: {a: {}}",
      "cameras: {a: }",
      "cameras: {'a b': {url: x}}",
      "cameras: {-a: {url: x}}",
      "cameras: {a: {url: x, frames: 3}}",
      "cameras: [a]",
      "cameras: {a: {url: '', fps: 3}}",
      "cameras: {a: {url: x, fps: fast}}",
      "cameras: {a: {url: x, loop: 'yes'}}",
      "cameras: {a: {url: x, loop: false}}",
      "cameras: {a: {url: x, timeout: 10}}",
      "cameras: {a: {url: x, timeout: 10 s}}",
      "cameras: {a: {url: x, timeout: 1.5m}}",
      "cameras: {a: {url: x, timeout: 1.m}}",
      "cameras: {a: {url: x, timeout: .5m}}",
      "cameras: {a: {url: x, timeout: -5s}}",
      "cameras: {a: {url: x, classes: person}}",
      "cameras: {a: {url: x, classes: []}}",
      "cameras: {a: {url: x, classes: [person]}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [1, 1]]}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0]]}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [2, 1]]}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [1, 1, 1]]}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [a, 1]]}}}}",
      "cameras: {a: {url: x, zones: {z: {min_stay: 1s}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0], to: [1, 1]}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0]}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0], to: [1, 1], hysteresis: 0.7}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0], to: [1, 1], min_stay: 1s}}}}",
      "cameras: {a: {url: x, lines: {l: {points: [[0, 0], [1, 0], [1, 1]], allowed: forward}}}}",
      "cameras: {a: {url: x, lines: {l: {points: [[0, 0]]}}}}",
      "cameras: {a: {url: x, lines: {l: {points: [[0, 0], [1, 1]], from: [0, 0]}}}}",
      "cameras: {a: {url: x, lines: {l: {points: [[0, 0], [1, 1]], from: [0, 0], to: [1, 1]}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0], to: [1, 1], allowed: sideways}}}}",
      "cameras: {a: {url: x, lines: {l: {from: [0, 0], to: [1, 1], tailgating: 1s}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [1, 1]], dwell: 30s, occupancy: 3}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [1, 1]], occupancy: many}}}}",
      "cameras: {a: {url: x, zones: {z: {points: [[0, 0], [1, 0], [1, 1]], things: []}}}}",
      "cameras: {a: {url: x, ground: }}",
      "cameras: {a: {url: x, ground: {person_height_m: 1.6}}}",
      "cameras: {a: {url: x, ground: {person_height_m: 16}}}",
      "cameras: {a: {url: x, ground: {points: [[0, 0], [1, 0], [1, 1], [0, 1]]}}}",
      "cameras: {a: {url: x, ground: {points: [[0, 0], [1, 0], [1, 1], [0, 1]], metres: [[0, 0], [9, 0], [9, 9], [0, "
      "9]]}}}",
      "cameras: {a: {url: x, ground: {points: [[0, 0], [1, 0], [1, 1]], metres: [[0, 0], [9, 0], [9, 9]]}}}",
      "cameras: {a: {url: x, behaviour: }}",
      "cameras: {a: {url: x, behaviour: {run: , collapse: {hold: 3s, score: 0.9}}}}",
      "cameras: {a: {url: x, behaviour: {dance: }}}",
      "cameras: {a: {url: x, behaviour: {run: {hold: 3}}}}",
      "cameras: {a: {url: x, behaviour: {run: {frames: 3}}}}",
      "cameras: {a: {url: x, behaviour: {run: true}}}",
      "cameras: {a: {url: x, behaviour: [run]}}",
      "cameras: {a: {url: x, record: }}",
      "cameras: {a: {url: x, record: {folder: clips, before: 10s, memory_mib: 64}}}",
      "cameras: {a: {url: x, record: {folder: clips, before: 10}}}",
      "cameras: {a: {url: x, record: {file: clips}}}",
      "cameras: {a: {url: x, record: clips}}",
      "defaults: {record: {folder: clips}}",
      "defaults: {record: {url: x}}",
      "defaults: {url: x}",
      "defaults: {fps: 3}",
      "log: {level: debug, format: json}",
      "log: {level: verbose}",
      "log: {level: 3}",
      "server: {port: '80'}",
      "server: {port: 80.5}",
      "server: [80]",
      "- a",
      "text",
      "unknown: 1",
  };
  for (const auto& yaml : files) EXPECT_EQ(schema_accepts(yaml), reader_accepts(yaml)) << yaml;
}

}  // namespace
}  // namespace ocelli::config
