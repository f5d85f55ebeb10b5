#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "serve/http_server.h"

namespace ocelli::serve::internal {

/// `invalid` when address or port cannot be.
base::Result<boost::asio::ip::tcp::endpoint> parse_endpoint(const HttpServerConfig& config);

/// `unavailable`, and what to do, when the address is taken or not ours.
base::Result<boost::asio::ip::tcp::acceptor> listen_on(boost::asio::io_context& context,
                                                       const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace ocelli::serve::internal
