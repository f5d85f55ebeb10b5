#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/site_config.h"

namespace ocelli::config {

/// Where the value of a key goes; its type says how it is written.
using FieldTarget = std::variant<std::string*, bool*, int*, float*, double*, std::chrono::milliseconds*,
                                 std::vector<std::string>*, vision::UnitPoint*, std::vector<vision::UnitPoint>*,
                                 std::vector<events::MetrePoint>*, events::AllowedDirection*, base::LogLevel*,
                                 base::LogFormat*, media::RtspTransport*, media::DecodeLevel*, media::DecodeDevice*,
                                 infer::PrecisionChoice*, infer::Provider*, engine::Promotion*>;

enum class Presence { optional, required };

/// One key of a mapping, bound to the object that it fills. The reader, the environment layer, the JSON schema and the
/// reference in docs/configuration.md all come from these.
struct Field {
  std::string_view key;
  FieldTarget target;
  double min = 0;  ///< of the number; of milliseconds; of a text's bytes; of a list's items
  double max = 0;
  std::string_view meaning;
  Presence presence = Presence::optional;
};

/// A top-level mapping of scalars. Each of its keys has an environment variable.
struct Section {
  std::string_view name;
  std::string_view meaning;
  std::vector<Field> fields;
};

/// server, log, model, updates, infer, store, tracker; bound to `site`, which outlives the result. The same holds for
/// all below.
std::vector<Section> sections_of(SiteConfig& site);
std::vector<Field> fields_of(engine::StreamConfig& camera);
std::vector<Field> fields_of(engine::RecordConfig& record);
std::vector<Field> fields_of(events::ZoneConfig& zone);
/// A key of a zone that says nothing while the rule that it belongs to is off.
struct IdleKey {
  std::string_view key;
  std::string_view needs;
};
std::vector<IdleKey> idle_keys(const events::ZoneConfig& zone);
std::vector<Field> fields_of(events::GroundConfig& ground);

/// A line as it is written: by its two ends, or by all its points.
struct WrittenLine {
  events::LineConfig line;
  std::vector<vision::UnitPoint> points;
};
std::vector<Field> fields_of(WrittenLine& written);
std::vector<Field> fields_of(events::CrowdConfig& crowd);
std::vector<Field> fields_of(events::BehaviourThresholds& behaviour);

/// What a camera has before the file says anything.
engine::StreamConfig default_camera();

/// "OCELLI_SERVER_PORT".
std::string variable_name(const Section& section, const Field& field);

/// The names that a log level or format can have, in order of the enumeration.
std::vector<std::string> choices(const base::LogLevel* level);
std::vector<std::string> choices(const base::LogFormat* format);
std::vector<std::string> choices(const media::RtspTransport* transport);
std::vector<std::string> choices(const media::DecodeLevel* level);
std::vector<std::string> choices(const media::DecodeDevice* device);
std::vector<std::string> choices(const infer::PrecisionChoice* precision);
std::vector<std::string> choices(const infer::Provider* provider);
std::vector<std::string> choices(const engine::Promotion* promotion);
std::vector<std::string> choices(const events::AllowedDirection* allowed);

/// "500ms", "10s", "2m", "1h"; fractions are allowed.
inline constexpr std::string_view kDurationPattern = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$";
/// Of cameras, zones and lines: they become parts of file names, topics and addresses.
inline constexpr std::string_view kNamePattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$";

/// Places of a ground lie within this distance of its origin.
inline constexpr double kFarthestMetres = 10'000;

/// Shortest form, e.g. "2m", "1500ms".
std::string format_duration(std::chrono::milliseconds duration);

/// Reads `value` into the field's target, or says what is wrong with it and leaves the target. `${NAME}` in texts is
/// replaced from `environment`; what it stood for is never part of a problem.
bool read_field(const Field& field, const base::YamlValue& value, const Environment& environment,
                std::vector<base::YamlProblem>& problems);

}  // namespace ocelli::config
