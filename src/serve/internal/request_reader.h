#pragma once

#include <cstddef>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "serve/http_message.h"
#include "serve/http_server.h"
#include "serve/internal/connection.h"
#include "serve/routes.h"

namespace ocelli::serve::internal {

/// The memory that the bodies of all requests may take together. On the I/O thread; outlives its shares.
struct BodyBudget {
  std::size_t most_bytes = 0;
  std::size_t taken_bytes = 0;
};

/// One request's part of it; given back at the end of its life.
class BodyShare {
 public:
  explicit BodyShare(BodyBudget& budget) : budget_(budget) {}
  ~BodyShare() { budget_.taken_bytes -= bytes_; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  /// False when too much is taken already. Once.
  bool take(std::size_t bytes) {
    if (budget_.taken_bytes + bytes > budget_.most_bytes) return false;
    budget_.taken_bytes += bytes;
    bytes_ = bytes;
    return true;
  }

 private:
  BodyBudget& budget_;
  std::size_t bytes_ = 0;
};

/// What came next on a connection.
struct Incoming {
  std::optional<HttpRequest> request{};   ///< empty: none could be read, and the connection is done
  std::optional<HttpResponse> refusal{};  ///< what to say then; empty: nobody is there to hear it
  bool keep_alive = false;                ///< the connection can be used for another request
};

/// Reads the requests of one connection, one after the other, within the bounds of the configuration: the header, the
/// body (where the route takes one), the bodies of all requests together, and the time until a request is complete.
/// On the I/O thread; what it is given outlives it.
class RequestReader {
 public:
  RequestReader(Connection& connection, const HttpServerConfig& config, const Router& router);

  /// `share` is to live until the request is answered.
  boost::asio::awaitable<Incoming> next(BodyShare& share);

 private:
  Connection& connection_;
  const HttpServerConfig& config_;
  const Router& router_;
  boost::beast::flat_buffer buffer_;  // what was read beyond the request is the beginning of the next one
};

}  // namespace ocelli::serve::internal
