#pragma once

#include <chrono>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "serve/http_message.h"

namespace ocelli::serve::internal {

/// One client's connection, and all that is written to it. On the I/O thread. Nothing takes longer than the timeout;
/// what returns false leaves a connection that is done.
class Connection {
 public:
  /// `write_timeout` is for one answer, picture or event.
  Connection(boost::asio::ip::tcp::socket socket, std::chrono::milliseconds write_timeout);

  /// To read from.
  boost::beast::tcp_stream& stream() { return stream_; }

  /// A complete answer. Also false when the connection is not to be kept.
  boost::asio::awaitable<bool> write_response(HttpResponse response, HttpMethod method, bool keep_alive);

  /// The header of an answer without an end. Also false when the client asked for the header only.
  boost::asio::awaitable<bool> begin_stream(const std::string& content_type, HttpMethod method);
  boost::asio::awaitable<bool> write(const std::string& text);
  boost::asio::awaitable<bool> write(boost::asio::const_buffer first, boost::asio::const_buffer second,
                                     boost::asio::const_buffer third);

  /// Closes it so that the client can read the last answer.
  boost::asio::awaitable<void> hang_up();
  /// At once; what is being read or written ends.
  void close();

 private:
  boost::beast::tcp_stream stream_;
  const std::chrono::milliseconds write_timeout_;
};

}  // namespace ocelli::serve::internal
