#include "config/substitute.h"

namespace ocelli::config {
namespace {

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || (name.front() >= '0' && name.front() <= '9')) return false;
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> substitute(std::string_view text, const base::YamlValue& value,
                                      const Environment& environment, std::vector<base::YamlProblem>& problems) {
  std::string result;
  while (true) {
    const std::size_t start = text.find("${");
    result += text.substr(0, start);
    if (start == std::string_view::npos) return result;
    const bool escaped = start > 0 && text[start - 1] == '$';
    text.remove_prefix(start);
    if (escaped) {
      result += '{';
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    const std::string_view name = end == std::string_view::npos ? std::string_view() : text.substr(2, end - 2);
    if (!is_variable_name(name)) {
      problems.push_back(
          value.problem("expected ${NAME}, the name of an environment variable; write $${ for ${ itself"));
      return std::nullopt;
    }
    const auto found = environment.find(std::string(name));
    if (found == environment.end()) {
      problems.push_back(value.problem("environment variable " + std::string(name) + " is not set"));
      return std::nullopt;
    }
    result += found->second;
    text.remove_prefix(end + 1);
  }
}

}  // namespace ocelli::config
