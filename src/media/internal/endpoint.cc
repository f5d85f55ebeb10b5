#include "media/internal/endpoint.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "media/address.h"

extern "C" {
#include <libavformat/avformat.h>
}

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;  // waits for the machine's sockets, so not the injected clock

constexpr milliseconds kSlice{50};  // how soon a stop request is seen

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct Waiting {
  SteadyClock::time_point deadline;
  const std::stop_token& stop;
  milliseconds at_most;

  /// Until the socket can be read (POLLIN) or written (POLLOUT).
  base::Status wait(int descriptor, short events) const {
    while (true) {
      if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
      const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
      if (left.count() <= 0) {
        return Error(Code::timeout, "no answer within " + std::to_string(at_most.count() / 1000) + " s");
      }
      pollfd entry{descriptor, events, 0};
      if (poll(&entry, 1, static_cast<int>(std::min(left, kSlice).count())) > 0) return {};
    }
  }
};

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

base::Result<Socket> connect_to(const addrinfo& address, const Waiting& waiting) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return Error(Code::unavailable, std::strerror(errno));
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return Error(Code::unavailable, std::strerror(errno));
  OC_TRY_STATUS(waiting.wait(socket.get(), POLLOUT));
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return Error(error == ETIMEDOUT ? Code::timeout : Code::unavailable, std::strerror(error));
  return socket;
}

/// Tries all addresses of the host. Its name was looked up before, so that the answer is at hand.
base::Result<Socket> connect_to(const Endpoint& endpoint, const Waiting& waiting) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found) != 0) {
    return Error(Code::not_found, "no such host: " + endpoint.host);
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  const std::string what = endpoint.host + " port " + std::to_string(endpoint.port) + ": ";
  Error last(Code::unavailable, "no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    auto socket = connect_to(*address, waiting);
    if (socket) return socket;
    last = socket.error();
    if (last.code() == Code::timeout || last.code() == Code::cancelled) break;
  }
  return Error(last.code(), what + last.message());
}

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
};

std::string tls_reason(const SSL& connection) {
  const long verdict = SSL_get_verify_result(&connection);
  if (verdict != X509_V_OK) return std::string("the server's certificate: ") + X509_verify_cert_error_string(verdict);
  const unsigned long number = ERR_get_error();
  if (number == 0) return "the server hung up: it does not speak TLS on this port";
  const char* reason = ERR_reason_error_string(number);
  return std::string("no TLS with the server: ") + (reason == nullptr ? "unknown reason" : reason);
}

}  // namespace

std::optional<Endpoint> endpoint_of(const std::string& url) {
  std::array<char, 256> host{};
  std::array<char, 16> scheme{};
  int port = -1;
  av_url_split(scheme.data(), static_cast<int>(scheme.size()), nullptr, 0, host.data(), static_cast<int>(host.size()),
               &port, nullptr, 0, url.c_str());
  if (host[0] == '\0' || port > 65'535 || port == 0) return std::nullopt;
  if (port < 0) {
    const bool rtsp = address_kind(url) == AddressKind::rtsp;
    port = rtsp ? (is_encrypted(url) ? 322 : 554) : (is_encrypted(url) ? 443 : 80);
  }
  return Endpoint{host.data(), port};
}

base::Status try_connection(const Endpoint& endpoint, milliseconds at_most, const std::stop_token& stop) {
  OC_TRY(const auto socket, connect_to(endpoint, {SteadyClock::now() + at_most, stop, at_most}));
  return {};
}

base::Status try_encryption(const Endpoint& endpoint, const TlsCheck& check, milliseconds at_most,
                            const std::stop_token& stop) {
  const Waiting waiting{SteadyClock::now() + at_most, stop, at_most};
  OC_TRY(const auto socket, connect_to(endpoint, waiting));
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Error(Code::internal, "OpenSSL cannot set up TLS");
  const bool has_authorities = check.ca_file.empty()
                                   ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                                   : SSL_CTX_load_verify_file(context.get(), check.ca_file.c_str()) == 1;
  if (check.verify && !has_authorities) {
    return Error(Code::corrupt, "no certificates can be read from " +
                                    (check.ca_file.empty() ? std::string("the system's store") : check.ca_file));
  }
  SSL_CTX_set_verify(context.get(), check.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const std::unique_ptr<SSL, FreeTls> connection(SSL_new(context.get()));
  if (!connection) return Error(Code::internal, "OpenSSL cannot set up TLS");
  SSL_set_tlsext_host_name(connection.get(), endpoint.host.c_str());
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection.get()), endpoint.host.c_str()) != 1) {
    SSL_set1_host(connection.get(), endpoint.host.c_str());
  }
  SSL_set_fd(connection.get(), socket.get());
  while (true) {
    const int result = SSL_connect(connection.get());
    if (result == 1) return {};
    switch (SSL_get_error(connection.get(), result)) {
      case SSL_ERROR_WANT_READ:
        OC_TRY_STATUS(waiting.wait(socket.get(), POLLIN));
        break;
      case SSL_ERROR_WANT_WRITE:
        OC_TRY_STATUS(waiting.wait(socket.get(), POLLOUT));
        break;
      default:
        return Error(Code::corrupt, tls_reason(*connection));
    }
  }
}

}  // namespace ocelli::media::internal
