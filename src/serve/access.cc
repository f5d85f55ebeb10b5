#include "serve/access.h"

#include <algorithm>

namespace ocelli::serve {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::size_t end = text.find_last_not_of(' ');
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::string_view role_name(Role role) {
  switch (role) {
    case Role::view:
      return "viewer";
    case Role::operate:
      return "operator";
    case Role::administer:
      return "admin";
  }
  return "unknown";
}

std::optional<Role> parse_role(std::string_view name) {
  for (const Role role : {Role::view, Role::operate, Role::administer}) {
    if (role_name(role) == name) return role;
  }
  return std::nullopt;
}

bool is_own_name(std::string_view host) {
  if (host.empty()) return true;
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const bool is_bearer = authorization.size() > kScheme.size() &&
                         std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                                    [](char wanted, char letter) { return wanted == lower(letter); });
  return is_bearer ? trimmed(authorization.substr(kScheme.size())) : std::string_view();
}

std::string_view session_id(std::string_view cookie) {
  while (!cookie.empty()) {
    const std::size_t end = std::min(cookie.find(';'), cookie.size());
    const std::string_view pair = trimmed(cookie.substr(0, end));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == kSessionCookie) return pair.substr(equals + 1);
    cookie.remove_prefix(std::min(end + 1, cookie.size()));
  }
  return {};
}

}  // namespace ocelli::serve
