#include <fmt/format.h>

#include "config/fields.h"

namespace ocelli::config {
namespace {

struct Written {
  std::string type;
  std::string default_value;
};

/// Overloads by the type of the target.
struct WrittenForm {
  const Field& field;

  std::string range() const { return fmt::format("{} to {}", field.min, field.max); }
  template <class Enum>
  static Written choice(const Enum* value) {
    const auto names = choices(value);
    return {fmt::format("{}", fmt::join(names, ", ")), names[static_cast<std::size_t>(*value)]};
  }

  Written operator()(const std::string* value) const { return {"text", *value}; }
  Written operator()(const bool* value) const { return {"true, false", fmt::format("{}", *value)}; }
  Written operator()(const int* value) const { return {"whole number, " + range(), fmt::format("{}", *value)}; }
  Written operator()(const double* value) const { return {"number, " + range(), fmt::format("{}", *value)}; }
  Written operator()(const float* value) const { return {"number, " + range(), fmt::format("{}", *value)}; }
  Written operator()(const std::chrono::milliseconds* value) const { return {"duration", format_duration(*value)}; }
  Written operator()(const std::vector<std::string>* value) const {
    return {"list of names", value->empty() ? "all" : fmt::format("{}", fmt::join(*value, ", "))};
  }
  Written operator()(const vision::UnitPoint* /*value*/) const { return {"point", ""}; }
  Written operator()(const std::vector<vision::UnitPoint>* /*value*/) const { return {"list of points", ""}; }
  Written operator()(const std::vector<events::MetrePoint>* /*value*/) const { return {"list of places", ""}; }
  Written operator()(const events::AllowedDirection* value) const { return choice(value); }
  Written operator()(const base::LogLevel* value) const { return choice(value); }
  Written operator()(const base::LogFormat* value) const { return choice(value); }
  Written operator()(const media::RtspTransport* value) const { return choice(value); }
  Written operator()(const media::DecodeLevel* value) const { return choice(value); }
  Written operator()(const media::DecodeDevice* value) const { return choice(value); }
  Written operator()(const infer::PrecisionChoice* value) const { return choice(value); }
  Written operator()(const infer::Provider* value) const { return choice(value); }
  Written operator()(const engine::Promotion* value) const { return choice(value); }
};

Written written(const Field& field) {
  Written form = std::visit([&](const auto* value) { return WrittenForm{field}(value); }, field.target);
  if (field.presence == Presence::required) return {form.type, "required"};
  if (form.default_value.empty()) return {form.type, "empty"};
  form.default_value = "`" + form.default_value + "`";
  return form;
}

std::string table(std::string_view title, std::string_view meaning, const std::vector<Field>& fields) {
  std::string text = fmt::format("### {}\n\n{}\n\n| key | value | default | meaning |\n|-|-|-|-|\n", title, meaning);
  for (const auto& field : fields) {
    const Written form = written(field);
    text += fmt::format("| `{}` | {} | {} | {} |\n", field.key, form.type, form.default_value, field.meaning);
  }
  return text + "\n";
}

std::string section_table(const Section& section) {
  std::string text = fmt::format("### {}\n\n{}\n\n| key | value | default | environment | meaning |\n|-|-|-|-|-|\n",
                                 section.name, section.meaning);
  for (const auto& field : section.fields) {
    const Written form = written(field);
    text += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", field.key, form.type, form.default_value,
                        variable_name(section, field), field.meaning);
  }
  return text + "\n";
}

}  // namespace

std::string site_config_reference() {
  SiteConfig site;
  engine::StreamConfig camera = default_camera();
  engine::RecordConfig record;
  events::CrowdConfig crowd;
  events::BehaviourThresholds behaviour;
  events::ZoneConfig zone;
  WrittenLine line;
  events::GroundConfig ground;
  std::string text;
  for (const auto& section : sections_of(site)) text += section_table(section);
  text += table("cameras.NAME", "One camera, or a file that is played as one.", fields_of(camera));
  text += "`defaults` takes the same keys except `url`, for all cameras that do not say otherwise.\n\n";
  text +=
      table("cameras.NAME.record",
            "Clips of events, copied from what the camera sends without encoding it again. `ocelli serve` writes them.",
            fields_of(record));
  text += table("cameras.NAME.crowd", "Where people gather, loiter and disperse: docs/crowd.md tells the rule.",
                fields_of(crowd));
  text += table("cameras.NAME.behaviour.NAME",
                "What people seem to do: `run`, `agitation` (as in a fight), `collapse`, `loiter`, `queue` or `walk`. "
                "Each that is named, even without any key, is told. docs/behaviour.md says how far to trust it.",
                fields_of(behaviour));
  text += table("cameras.NAME.zones.NAME",
                "An area. Who enters it and who leaves it is an event; docs/rules.md tells all.", fields_of(zone));
  text += table("cameras.NAME.lines.NAME",
                "A line, straight from `from` to `to` or through `points`. Who crosses it, and which way, is an event.",
                fields_of(line));
  text += table("cameras.NAME.ground", "How the camera's pixels become metres, for speeds and distances.",
                fields_of(ground));
  text.pop_back();
  return text;
}

}  // namespace ocelli::config
