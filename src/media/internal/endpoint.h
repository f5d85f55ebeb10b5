#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace ocelli::media::internal {

struct Endpoint {
  std::string host;
  int port = 0;
};

/// Host and port of an http, https, rtsp or rtsps address; the scheme's own port where none is given.
std::optional<Endpoint> endpoint_of(const std::string& url);

/// Connects and hangs up: unavailable (refused, unreachable), timeout, cancelled.
base::Status try_connection(const Endpoint& endpoint, std::chrono::milliseconds at_most, const std::stop_token& stop);

struct TlsCheck {
  bool verify = true;
  std::string ca_file = {};  ///< empty: the system's authorities
};
/// Connects, shakes hands by TLS and hangs up: as above, and corrupt when the server does not speak TLS or does not
/// prove its name.
base::Status try_encryption(const Endpoint& endpoint, const TlsCheck& check, std::chrono::milliseconds at_most,
                            const std::stop_token& stop);

}  // namespace ocelli::media::internal
