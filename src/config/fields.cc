#include "config/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/suggest.h"
#include "config/substitute.h"

namespace ocelli::config {
namespace {

using base::YamlProblem;
using base::YamlValue;

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};

/// Milliseconds, not yet rounded; nothing when it is no duration.
std::optional<double> parse_duration(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  // JSON's idea of a number, as in the schema: from_chars alone would take "5." and ".5".
  if (digits == 0 || text.front() == '.' || text[digits - 1] == '.') return std::nullopt;
  const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                 [&](const Unit& candidate) { return candidate.name == text.substr(digits); });
  if (unit == std::end(kUnits)) return std::nullopt;
  const std::string number(text.substr(0, digits));
  double value = 0;
  const auto [end, error] = std::from_chars(number.c_str(), number.c_str() + digits, value);
  if (error != std::errc{} || *end != '\0') return std::nullopt;
  return value * unit->milliseconds;
}

/// One read of one value; overloads by the type of the target.
class FieldReader {
 public:
  FieldReader(const Field& field, const YamlValue& value, const Environment& environment,
              std::vector<YamlProblem>& problems)
      : field_(field), value_(value), environment_(environment), problems_(problems) {}

  bool operator()(std::string* target) {
    auto text = read_text(value_);
    if (!text) return false;
    if (!fits(static_cast<double>(text->size()))) {
      return complain(fmt::format("{} must be {} to {} bytes long", field_.key, field_.min, field_.max));
    }
    *target = *std::move(text);
    return true;
  }

  bool operator()(bool* target) {
    const auto truth = value_.as_bool(problems_);
    if (truth) *target = *truth;
    return truth.has_value();
  }

  bool operator()(int* target) {
    const auto number = value_.as_integer(problems_);
    if (!number) return false;
    if (!fits(static_cast<double>(*number))) return complain_of_range(fmt::format("{}", *number));
    *target = static_cast<int>(*number);
    return true;
  }

  bool operator()(double* target) {
    const auto number = value_.as_number(problems_);
    if (!number) return false;
    if (!fits(*number)) return complain_of_range(fmt::format("{}", *number));
    *target = *number;
    return true;
  }

  bool operator()(float* target) {
    double number = 0;
    if (!(*this)(&number)) return false;
    *target = static_cast<float>(number);
    return true;
  }

  bool operator()(std::chrono::milliseconds* target) {
    const auto text = value_.as_string(problems_);
    if (!text) return false;
    const auto milliseconds = parse_duration(*text);
    if (!milliseconds) return complain(fmt::format("{} must be a duration such as 500ms, 10s, 2m or 1h", field_.key));
    if (!fits(*milliseconds)) {
      const auto limit = [](double value) {
        return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
      };
      return complain(fmt::format("{} must be {} to {}", field_.key, limit(field_.min), limit(field_.max)));
    }
    *target = std::chrono::milliseconds(std::llround(*milliseconds));
    return true;
  }

  bool operator()(std::vector<std::string>* target) {
    if (!check_list()) return false;
    std::vector<std::string> texts;
    for (const auto& item : value_.as_list(problems_)) {
      auto text = read_text(item);
      if (!text) return false;
      if (text->empty()) {
        problems_.push_back(item.problem(fmt::format("{} holds an empty name", field_.key)));
        return false;
      }
      texts.push_back(*std::move(text));
    }
    *target = std::move(texts);
    return true;
  }

  bool operator()(vision::UnitPoint* target) { return read_point(value_, *target); }

  bool operator()(std::vector<vision::UnitPoint>* target) {
    if (!check_list()) return false;
    std::vector<vision::UnitPoint> points;
    for (const auto& item : value_.as_list(problems_)) {
      if (!read_point(item, points.emplace_back())) return false;
    }
    *target = std::move(points);
    return true;
  }

  bool operator()(std::vector<events::MetrePoint>* target) {
    if (!check_list()) return false;
    std::vector<events::MetrePoint> places;
    for (const auto& item : value_.as_list(problems_)) {
      if (!read_place(item, places.emplace_back())) return false;
    }
    *target = std::move(places);
    return true;
  }

  bool operator()(events::AllowedDirection* target) { return read_choice(target); }
  bool operator()(base::LogLevel* target) { return read_choice(target); }
  bool operator()(base::LogFormat* target) { return read_choice(target); }
  bool operator()(media::RtspTransport* target) { return read_choice(target); }
  bool operator()(media::DecodeLevel* target) { return read_choice(target); }
  bool operator()(media::DecodeDevice* target) { return read_choice(target); }
  bool operator()(infer::PrecisionChoice* target) { return read_choice(target); }
  bool operator()(infer::Provider* target) { return read_choice(target); }
  bool operator()(engine::Promotion* target) { return read_choice(target); }

 private:
  bool fits(double value) const { return value >= field_.min && value <= field_.max; }

  bool complain(std::string message) {
    problems_.push_back(value_.problem(std::move(message)));
    return false;
  }
  bool complain_of_range(const std::string& found) {
    return complain(fmt::format("{} must be {} to {}, not {}", field_.key, field_.min, field_.max, found));
  }

  bool check_list() {
    const std::size_t problems_before = problems_.size();
    const auto count = static_cast<double>(value_.as_list(problems_).size());
    if (problems_.size() != problems_before) return false;
    return fits(count) || complain(fmt::format("{} must hold {} to {} items, not {}{}", field_.key, field_.min,
                                               field_.max, count, count == 0 ? "; leave it out for all" : ""));
  }

  std::optional<std::string> read_text(const YamlValue& value) {
    const auto raw = value.as_string(problems_);
    if (!raw) return std::nullopt;
    return substitute(*raw, value, environment_, problems_);
  }

  bool read_point(const YamlValue& value, vision::UnitPoint& point) {
    const std::size_t problems_before = problems_.size();
    const auto coordinates = value.as_list(problems_);
    if (problems_.size() != problems_before) return false;
    if (coordinates.size() != 2) {
      problems_.push_back(value.problem("a point is [x, y], both as shares of the picture from 0 to 1"));
      return false;
    }
    const auto x = read_coordinate(coordinates[0]);
    const auto y = read_coordinate(coordinates[1]);
    if (!x || !y) return false;
    point = {static_cast<float>(*x), static_cast<float>(*y)};
    return true;
  }

  bool read_place(const YamlValue& value, events::MetrePoint& place) {
    const std::size_t problems_before = problems_.size();
    const auto coordinates = value.as_list(problems_);
    if (problems_.size() != problems_before) return false;
    if (coordinates.size() != 2) {
      problems_.push_back(value.problem("a place is [x, y], in metres"));
      return false;
    }
    for (const auto& coordinate : coordinates) {
      const auto metres = coordinate.as_number(problems_);
      if (!metres) return false;
      if (std::abs(*metres) > kFarthestMetres) {
        problems_.push_back(coordinate.problem(fmt::format("a place is within {} metres of [0, 0]", kFarthestMetres)));
        return false;
      }
      (&coordinate == coordinates.data() ? place.x : place.y) = *metres;
    }
    return true;
  }

  std::optional<double> read_coordinate(const YamlValue& value) {
    const auto number = value.as_number(problems_);
    if (number && (*number < 0 || *number > 1)) {
      problems_.push_back(value.problem(fmt::format(
          "coordinates are shares of the picture from 0 to 1, not {}: divide pixels by its width or height", *number)));
      return std::nullopt;
    }
    return number;
  }

  template <class Enum>
  bool read_choice(Enum* target) {
    const auto text = value_.as_string(problems_);
    if (!text) return false;
    const auto names = choices(target);
    const auto found = std::find(names.begin(), names.end(), *text);
    if (found == names.end()) {
      return complain(
          fmt::format("{} must be one of {}{}", field_.key, fmt::join(names, ", "), base::did_you_mean(*text, names)));
    }
    *target = static_cast<Enum>(found - names.begin());
    return true;
  }

  const Field& field_;
  const YamlValue& value_;
  const Environment& environment_;
  std::vector<YamlProblem>& problems_;
};

}  // namespace

std::string variable_name(const Section& section, const Field& field) {
  std::string name = fmt::format("OCELLI_{}_{}", section.name, field.key);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count % 3'600'000 == 0 && count > 0) return fmt::format("{}h", count / 3'600'000);
  if (count % 60'000 == 0 && count > 0) return fmt::format("{}m", count / 60'000);
  if (count % 1'000 == 0) return fmt::format("{}s", count / 1'000);
  return fmt::format("{}ms", count);
}

bool read_field(const Field& field, const YamlValue& value, const Environment& environment,
                std::vector<YamlProblem>& problems) {
  return std::visit(FieldReader(field, value, environment, problems), field.target);
}

}  // namespace ocelli::config
