#include "serve/internal/listen.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>

// NOLINTBEGIN(bugprone-unused-return-value): Boost's functions return the same error that they store in their argument.

namespace ocelli::serve::internal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

base::Error listen_error(const tcp::endpoint& endpoint, error_code error) {
  const std::string where = fmt::format("cannot listen on {}:{}: ", endpoint.address().to_string(), endpoint.port());
  if (error == asio::error::address_in_use) {
    return {base::Code::unavailable,
            where + "another program uses this port; stop it, or choose another port (0 picks a free one)"};
  }
  if (error == asio::error::access_denied) {
    return {base::Code::unavailable, where + "not permitted; choose a port from 1024 upwards"};
  }
  if (error == boost::system::errc::address_not_available) {
    return {base::Code::unavailable, where + "this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all"};
  }
  return {base::Code::unavailable, where + error.message()};
}

}  // namespace

base::Result<tcp::endpoint> parse_endpoint(const HttpServerConfig& config) {
  error_code error;
  const std::string bind = config.bind == "localhost" ? "127.0.0.1" : config.bind;
  const auto address = asio::ip::make_address(bind, error);
  if (error) {
    return base::Error(
        base::Code::invalid,
        fmt::format("'{}' is not an IP address to listen on; use 127.0.0.1, or 0.0.0.0 for all addresses",
                    config.bind));
  }
  if (config.port < 0 || config.port > 65535) {
    return base::Error(base::Code::invalid, fmt::format("port {} is not within 0…65535", config.port));
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(config.port));
}

base::Result<tcp::acceptor> listen_on(asio::io_context& context, const tcp::endpoint& endpoint) {
  tcp::acceptor acceptor(context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(endpoint, error);
  return acceptor;
}

}  // namespace ocelli::serve::internal
// NOLINTEND(bugprone-unused-return-value)
