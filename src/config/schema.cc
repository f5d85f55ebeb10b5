#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/fields.h"
#include "infer/behaviour_network.h"

namespace ocelli::config {
namespace {

using Json = nlohmann::ordered_json;

/// 0.1F as 0.1, not as 0.10000000149011612.
double shortest(float value) {
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

Json point_schema() {
  return {{"type", "array"},
          {"items", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
          {"minItems", 2},
          {"maxItems", 2}};
}

Json place_schema() {
  return {{"type", "array"},
          {"items", {{"type", "number"}, {"minimum", -kFarthestMetres}, {"maximum", kFarthestMetres}}},
          {"minItems", 2},
          {"maxItems", 2}};
}

/// Overloads by the type of the target.
struct TypeSchema {
  const Field& field;

  Json number(const char* type) const {
    return {{"type", type}, {"minimum", Json(field.min)}, {"maximum", Json(field.max)}};
  }
  Json list(Json items) const {
    return {{"type", "array"}, {"items", std::move(items)}, {"minItems", field.min}, {"maxItems", field.max}};
  }
  template <class Enum>
  Json choice(const Enum* value) const {
    const auto names = choices(value);
    return {{"type", "string"}, {"enum", names}, {"default", names[static_cast<std::size_t>(*value)]}};
  }

  Json operator()(const std::string* value) const {
    Json schema{{"type", "string"}, {"minLength", field.min}, {"maxLength", field.max}};
    if (field.presence == Presence::optional) schema["default"] = *value;
    return schema;
  }
  Json operator()(const bool* value) const { return {{"type", "boolean"}, {"default", *value}}; }
  Json operator()(const int* value) const { return with_default(number("integer"), *value); }
  Json operator()(const double* value) const { return with_default(number("number"), *value); }
  Json operator()(const float* value) const { return with_default(number("number"), shortest(*value)); }
  Json operator()(const std::chrono::milliseconds* value) const {
    return {{"type", "string"}, {"pattern", kDurationPattern}, {"default", format_duration(*value)}};
  }
  Json operator()(const std::vector<std::string>* /*value*/) const {
    return list({{"type", "string"}, {"minLength", 1}});
  }
  Json operator()(const vision::UnitPoint* /*value*/) const { return point_schema(); }
  Json operator()(const std::vector<vision::UnitPoint>* /*value*/) const { return list(point_schema()); }
  Json operator()(const std::vector<events::MetrePoint>* /*value*/) const { return list(place_schema()); }
  Json operator()(const events::AllowedDirection* value) const { return choice(value); }
  Json operator()(const base::LogLevel* value) const { return choice(value); }
  Json operator()(const base::LogFormat* value) const { return choice(value); }
  Json operator()(const media::RtspTransport* value) const { return choice(value); }
  Json operator()(const media::DecodeLevel* value) const { return choice(value); }
  Json operator()(const media::DecodeDevice* value) const { return choice(value); }
  Json operator()(const infer::PrecisionChoice* value) const { return choice(value); }
  Json operator()(const infer::Provider* value) const { return choice(value); }
  Json operator()(const engine::Promotion* value) const { return choice(value); }

  static Json with_default(Json schema, Json value) {
    schema["default"] = std::move(value);
    return schema;
  }
};

Json mapping_schema(const std::vector<Field>& fields) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& field : fields) {
    Json schema = std::visit([&](const auto* value) { return TypeSchema{field}(value); }, field.target);
    schema["description"] = field.meaning;
    properties[std::string(field.key)] = std::move(schema);
    if (field.presence == Presence::required) required.push_back(field.key);
  }
  Json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

/// A mapping from names to values of one kind; absent and empty are the same.
Json named(std::string_view meaning, std::string_view definition) {
  return {{"type", {"object", "null"}},
          {"description", meaning},
          {"propertyNames", {{"pattern", kNamePattern}}},
          {"additionalProperties", {{"$ref", fmt::format("#/$defs/{}", definition)}}}};
}

Json record_schema() {
  engine::RecordConfig record;
  Json schema = mapping_schema(fields_of(record));
  schema["type"] = {"object", "null"};
  schema["description"] = "Clips of events.";
  return schema;
}

Json crowd_schema() {
  events::CrowdConfig crowd;
  Json schema = mapping_schema(fields_of(crowd));
  schema["type"] = {"object", "null"};
  schema["description"] = "Where people gather, loiter and disperse.";
  return schema;
}

/// Which classes there are, the network says.
Json behaviours_schema() {
  const auto network = infer::load_behaviour_network();
  Json schema = named("What people seem to do, by the class of behaviour.", "behaviour");
  schema["propertyNames"] = {{"enum", network ? Json((*network)->spec().classes) : Json::array()}};
  return schema;
}

Json behaviour_schema() {
  events::BehaviourThresholds behaviour;
  Json schema = mapping_schema(fields_of(behaviour));
  schema["type"] = {"object", "null"};
  return schema;
}

/// Either by its two ends or by all its points.
Json line_schema() {
  WrittenLine line;
  Json schema = mapping_schema(fields_of(line));
  schema["anyOf"] = {
      {{"required", Json::array({"from", "to"})}, {"properties", {{"points", false}}}},
      {{"required", Json::array({"points"})}, {"properties", {{"from", false}, {"to", false}}}},
  };
  return schema;
}

/// Four points and their places, or neither.
Json ground_schema() {
  events::GroundConfig ground;
  Json schema = mapping_schema(fields_of(ground));
  schema["type"] = {"object", "null"};
  schema["anyOf"] = {
      {{"required", Json::array({"points", "metres"})}},
      {{"properties", {{"points", false}, {"metres", false}}}},
  };
  return schema;
}

Json camera_schema() {
  engine::StreamConfig camera = default_camera();
  Json schema = mapping_schema(fields_of(camera));
  schema["properties"]["record"] = {{"$ref", "#/$defs/record"}};
  schema["properties"]["crowd"] = {{"$ref", "#/$defs/crowd"}};
  schema["properties"]["behaviour"] = behaviours_schema();
  schema["properties"]["zones"] = named("Areas, by name.", "zone");
  schema["properties"]["ground"] = {{"$ref", "#/$defs/ground"}};
  schema["properties"]["lines"] = named("Lines that count who crosses them, by name.", "line");
  return schema;
}

Json defaults_schema() {
  engine::StreamConfig camera = default_camera();
  auto fields = fields_of(camera);
  std::erase_if(fields, [](const Field& field) { return field.presence == Presence::required; });
  Json schema = mapping_schema(fields);
  schema["properties"]["record"] = {{"$ref", "#/$defs/record"}};
  schema["properties"]["crowd"] = {{"$ref", "#/$defs/crowd"}};
  schema["type"] = {"object", "null"};
  schema["description"] = "What all cameras have unless they say otherwise.";
  return schema;
}

}  // namespace

std::string site_config_schema() {
  SiteConfig site;
  events::ZoneConfig zone;
  Json properties = Json::object();
  for (const auto& section : sections_of(site)) {
    Json schema = mapping_schema(section.fields);
    schema["type"] = {"object", "null"};
    schema["description"] = section.meaning;
    properties[std::string(section.name)] = std::move(schema);
  }
  properties["defaults"] = defaults_schema();
  properties["cameras"] = named("What is watched, by name.", "camera");
  const Json schema{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "ocelli site configuration"},
      {"type", {"object", "null"}},
      {"additionalProperties", false},
      {"properties", std::move(properties)},
      {"$defs",
       {{"camera", camera_schema()},
        {"record", record_schema()},
        {"crowd", crowd_schema()},
        {"behaviour", behaviour_schema()},
        {"zone", mapping_schema(fields_of(zone))},
        {"line", line_schema()},
        {"ground", ground_schema()}}},
  };
  return schema.dump(2) + "\n";
}

}  // namespace ocelli::config
