#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/suggest.h"
#include "base/yaml.h"
#include "base/yaml_text.h"

namespace ocelli::base {
namespace {

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

YamlMapReader::YamlMapReader(const YamlValue& map, std::vector<YamlProblem>& problems)
    : map_(map), problems_(problems), entries_(map.as_map(problems)) {}

const YamlValue* YamlMapReader::find(const std::string& key) {
  if (std::find(known_keys_.begin(), known_keys_.end(), key) == known_keys_.end()) known_keys_.push_back(key);
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
  return found == entries_.end() ? nullptr : &found->second;
}

bool YamlMapReader::read(const std::string& key, std::string& target) {
  const YamlValue* value = find(key);
  if (value == nullptr) return false;
  auto text = value->as_string(problems_);
  if (!text) return false;
  target = *std::move(text);
  return true;
}

bool YamlMapReader::read(const std::string& key, bool& target) {
  const YamlValue* value = find(key);
  if (value == nullptr) return false;
  const auto truth = value->as_bool(problems_);
  if (truth) target = *truth;
  return truth.has_value();
}

bool YamlMapReader::read(const std::string& key, int& target, int min, int max) {
  const YamlValue* value = find(key);
  if (value == nullptr) return false;
  const auto number = value->as_integer(problems_);
  if (!number) return false;
  if (*number < min || *number > max) {
    problems_.push_back(value->problem(fmt::format("{} must be {} to {}, not {}", key, min, max, *number)));
    return false;
  }
  target = static_cast<int>(*number);
  return true;
}

bool YamlMapReader::read(const std::string& key, double& target, double min, double max) {
  const YamlValue* value = find(key);
  if (value == nullptr) return false;
  const auto number = value->as_number(problems_);
  if (!number) return false;
  if (*number < min || *number > max) {
    problems_.push_back(value->problem(fmt::format("{} must be {} to {}, not {}", key, min, max, *number)));
    return false;
  }
  target = *number;
  return true;
}

bool YamlMapReader::read(const std::string& key, float& target, double min, double max) {
  double number = 0;
  if (!read(key, number, min, max)) return false;
  target = static_cast<float>(number);
  return true;
}

bool YamlMapReader::read(const std::string& key, std::vector<std::string>& target) {
  const YamlValue* value = find(key);
  if (value == nullptr) return false;
  const std::size_t problems_before = problems_.size();
  std::vector<std::string> texts;
  for (const auto& item : value->as_list(problems_)) {
    if (auto text = item.as_string(problems_)) texts.push_back(*std::move(text));
  }
  if (problems_.size() != problems_before) return false;
  target = std::move(texts);
  return true;
}

std::optional<YamlValue> YamlMapReader::child(const std::string& key) {
  const YamlValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::optional<std::size_t> YamlMapReader::read_choice(const std::string& key, const std::vector<std::string>& names) {
  const YamlValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto text = value->as_string(problems_);
  if (!text) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  problems_.push_back(value->problem(
      fmt::format("{} must be one of {}, not {}{}", key, joined(names), shown(*text), did_you_mean(*text, names))));
  return std::nullopt;
}

void YamlMapReader::require(const std::string& key) {
  if (map_.is_map() && find(key) == nullptr) problems_.push_back(map_.problem("missing key '" + key + "'"));
}

void YamlMapReader::finish() {
  for (const auto& [key, value] : entries_) {
    if (std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end()) continue;
    std::string hint = did_you_mean(key, known_keys_);
    if (hint.empty()) hint = "; known here: " + joined(known_keys_);
    problems_.push_back(map_.key_problem(key, "unknown key " + shown(key) + hint));
  }
}

Error yaml_error(const std::vector<YamlProblem>& problems) {
  OC_CHECK(!problems.empty());
  // A key that is missing because it is misspelt: the suggestion helps more.
  auto told = problems.begin();
  if (told->message.starts_with("missing key ")) {
    const auto misspelt = std::find_if(problems.begin(), problems.end(), [](const YamlProblem& problem) {
      return problem.message.starts_with("unknown key ") && problem.message.find("did you mean") != std::string::npos;
    });
    if (misspelt != problems.end()) told = misspelt;
  }
  std::string message = told->to_string();
  if (problems.size() > 1) {
    message += fmt::format(" (and {} more {})", problems.size() - 1, problems.size() == 2 ? "problem" : "problems");
  }
  return {Code::invalid, message};
}

}  // namespace ocelli::base
