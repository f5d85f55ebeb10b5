#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serve/access.h"

namespace ocelli::app {

/// What is kept of a token: not the token.
struct TokenRecord {
  std::string name;
  serve::Role role = serve::Role::view;
  std::string sha256;   ///< of the token, lower-case hexadecimal
  std::string created;  ///< 2026-11-23T10:11:12.345Z
};

/// <user's data folder>/ocelli/tokens.json, beside the store.
std::string default_token_path();

/// In the order in which they were made; none where there is no file. `corrupt`: it is not one of tokens.
base::Result<std::vector<TokenRecord>> read_tokens(const std::string& path);

/// Makes a token and adds it to the file, which only its owner can read: the token itself, to be shown once. `invalid`:
/// the name is taken, or none.
base::Result<std::string> add_token(const std::string& path, const std::string& name, serve::Role role,
                                    const base::Clock& clock);
/// `not_found`: nobody is called so.
base::Status remove_token(const std::string& path, const std::string& name);

/// Text of `bytes` random bytes, base64url (RFC 4648 section 5). `internal` when the system has none.
base::Result<std::string> random_text(std::size_t bytes);

}  // namespace ocelli::app
