#include "base/yaml_text.h"

#include <fmt/format.h>

namespace ocelli::base {
namespace {

constexpr std::size_t kMaxShownBytes = 80;

}  // namespace

std::string one_line(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kMaxShownBytes)) {
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  if (text.size() <= kMaxShownBytes) return result;
  // Not in the middle of a UTF-8 character.
  while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xC0U) == 0x80U) result.pop_back();
  if (!result.empty() && static_cast<unsigned char>(result.back()) >= 0xC0U) result.pop_back();
  return result + "…";
}

std::string shown(std::string_view text) {
  return "'" + one_line(text) + "'";
}

std::string yaml_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return result + "\"";
}

}  // namespace ocelli::base
