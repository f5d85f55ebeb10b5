#include "serve/internal/connection.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "serve/internal/coroutine.h"

// NOLINTBEGIN(bugprone-unused-return-value): Boost's functions return the same error that they store in their argument.

namespace ocelli::serve::internal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// Of a body that is refused: who sends it looks for the answer only after it, and a reset would take that away.
constexpr std::size_t kMaxDrainedBytes = 32UL << 20U;
constexpr std::chrono::seconds kDrainTime{1};
// Bounds what a slow viewer has in flight, and with that how old the picture is that it sees.
constexpr int kStreamSendBufferBytes = 512 * 1024;

void set_common_fields(http::response_header<>& header, int status, const std::string& content_type) {
  header.version(11);
  header.result(static_cast<unsigned>(status));
  header.reason(beast::string_view(status_title(status).data(), status_title(status).size()));
  header.set(http::field::server, "ocelli");
  header.set("X-Content-Type-Options", "nosniff");
  header.set("Referrer-Policy", "no-referrer");
  if (!content_type.empty()) header.set(http::field::content_type, content_type);
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::chrono::milliseconds write_timeout)
    : stream_(std::move(socket)), write_timeout_(write_timeout) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<bool> Connection::write_response(HttpResponse response, HttpMethod method, bool keep_alive) {
  http::response<http::string_body> message;
  set_common_fields(message, response.status, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  // A 304 and an answer to HEAD tell the length of what they leave out, or nothing.
  if (response.status != 304) message.prepare_payload();
  http::response_serializer<http::string_body> serializer(message);
  stream_.expires_after(write_timeout_);
  if (method == HttpMethod::head) {
    const auto [error, bytes] = co_await http::async_write_header(stream_, serializer, kAwait);
    co_return !error && keep_alive;
  }
  const auto [error, bytes] = co_await http::async_write(stream_, serializer, kAwait);
  co_return !error && keep_alive;
}

asio::awaitable<bool> Connection::begin_stream(const std::string& content_type, HttpMethod method) {
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(kStreamSendBufferBytes), ignored);
  stream_.socket().set_option(asio::socket_base::keep_alive(true), ignored);
  http::response<http::empty_body> message;
  set_common_fields(message, 200, content_type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Accel-Buffering", "no");  // reverse proxies must not collect it
  message.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(message);
  stream_.expires_after(write_timeout_);
  const auto [error, bytes] = co_await http::async_write_header(stream_, serializer, kAwait);
  co_return !error && method != HttpMethod::head;
}

asio::awaitable<bool> Connection::write(asio::const_buffer first, asio::const_buffer second, asio::const_buffer third) {
  const std::array<asio::const_buffer, 3> buffers{first, second, third};
  stream_.expires_after(write_timeout_);
  const auto [error, bytes] = co_await asio::async_write(stream_, buffers, kAwait);
  co_return !error;
}

asio::awaitable<bool> Connection::write(const std::string& text) {
  const bool written = co_await write(asio::buffer(text), asio::const_buffer(), asio::const_buffer());
  co_return written;
}

asio::awaitable<void> Connection::hang_up() {
  // Closing with unread input would reset the connection, and the client could not read the last answer.
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDrainTime);
  std::array<char, 16384> sink;
  for (std::size_t drained = 0; drained < kMaxDrainedBytes;) {
    const auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(sink), kAwait);
    if (error) break;
    drained += bytes;
  }
  close();
}

void Connection::close() {
  error_code ignored;
  stream_.socket().close(ignored);
}

}  // namespace ocelli::serve::internal
// NOLINTEND(bugprone-unused-return-value)
