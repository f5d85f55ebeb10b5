#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ocelli::serve {

/// What somebody may do; each may do what those before may.
enum class Role {
  view,        ///< look at everything
  operate,     ///< and send pictures
  administer,  ///< and change the site
};

/// "viewer", "operator", "admin".
std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);

/// Somebody who has logged in.
struct Principal {
  std::string name;
  Role role = Role::view;
};

/// Who may ask this server. Thread-safe; never blocks for longer than a look at a file.
class AccessControl {
 public:
  virtual ~AccessControl() = default;

  /// False: everybody who reaches the server may do everything.
  virtual bool needs_log_in() = 0;
  virtual std::optional<Principal> of_token(std::string_view token) = 0;
  virtual std::optional<Principal> of_session(std::string_view id) = 0;
  /// The new session's id; empty: there is no such token.
  virtual std::string begin_session(std::string_view token) = 0;
  virtual void end_session(std::string_view id) = 0;
};

inline constexpr std::string_view kSessionCookie = "ocelli_session";

/// Whether a Host header names this machine to itself: localhost or a loopback address. A page of another name whose
/// address was turned to this machine (DNS rebinding) sends its own. Absent, as programs may have it, is fine.
bool is_own_name(std::string_view host);

/// Of an Authorization header: the token of "Bearer TOKEN" (RFC 6750); else empty.
std::string_view bearer_token(std::string_view authorization);
/// Of a Cookie header: the session's id; else empty.
std::string_view session_id(std::string_view cookie);

}  // namespace ocelli::serve
