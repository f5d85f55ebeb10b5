#include "serve/internal/request_reader.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "serve/internal/coroutine.h"

namespace ocelli::serve::internal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kMaxReadBytes = 64 * 1024;  // what Beast reads at once

using HeadParser = http::request_parser<http::empty_body>;

HttpMethod to_method(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::get;
    case http::verb::head:
      return HttpMethod::head;
    case http::verb::post:
      return HttpMethod::post;
    case http::verb::put:
      return HttpMethod::put;
    case http::verb::delete_:
      return HttpMethod::remove;
    default:
      return HttpMethod::other;
  }
}

/// All but the body.
HttpRequest to_request(const http::request<http::empty_body>& message) {
  const auto text = [](beast::string_view view) { return std::string(view.data(), view.size()); };
  HttpRequest request;
  request.method = to_method(message.method());
  request.target = text(message.target());
  request.if_none_match = text(message[http::field::if_none_match]);
  request.if_match = text(message[http::field::if_match]);
  request.last_event_id = text(message["Last-Event-ID"]);
  request.content_type = text(message[http::field::content_type]);
  request.host = text(message[http::field::host]);
  request.authorization = text(message[http::field::authorization]);
  request.cookie = text(message[http::field::cookie]);
  request.fetch_site = text(message["Sec-Fetch-Site"]);
  return request;
}

HttpResponse too_large(std::size_t max_body_bytes) {
  return problem(413, fmt::format("the request body is larger than {} bytes", max_body_bytes));
}

/// What to say when a request could not be read; empty when nobody is there to hear it.
std::optional<HttpResponse> answer_to(error_code error, std::size_t max_body_bytes) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return problem(431, fmt::format("the request header is larger than {} bytes", kMaxHeaderBytes));
  }
  if (error == http::error::body_limit) return too_large(max_body_bytes);
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    return problem(400, "this is not an HTTP/1.1 request: " + error.message());
  }
  return std::nullopt;
}

/// Why a body is not read, from what the head says of it. Takes the share that it needs.
std::optional<HttpResponse> refuse_body(const HeadParser& head, BodyRule rule, std::size_t max_body_bytes,
                                        BodyShare& share) {
  const auto length = head.content_length();
  if (rule == BodyRule::required && !length && !head.chunked()) {
    return problem(411, "this needs a body: send it with its Content-Length");
  }
  if (length && *length > max_body_bytes) return too_large(max_body_bytes);
  const std::size_t needed = head.chunked() ? max_body_bytes : length.value_or(0);
  if (!share.take(needed)) return busy("too many requests with a body are under way; try again later");
  return std::nullopt;
}

/// Within what is left of the request's time. The head is of no use after it.
asio::awaitable<error_code> read_body(beast::tcp_stream& stream, beast::flat_buffer& buffer, HeadParser& head,
                                      std::size_t max_body_bytes, std::string& body) {
  if (beast::iequals(head.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, bytes] = co_await asio::async_write(stream, asio::buffer(kContinue), kAwait);
    if (error) co_return error;
  }
  http::request_parser<http::string_body> parser(std::move(head));
  parser.body_limit(max_body_bytes);
  const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, kAwait);
  if (!error) body = std::move(parser.get().body());
  co_return error;
}

}  // namespace

RequestReader::RequestReader(Connection& connection, const HttpServerConfig& config, const Router& router)
    : connection_(connection), config_(config), router_(router), buffer_(kMaxHeaderBytes + kMaxReadBytes) {}

asio::awaitable<Incoming> RequestReader::next(BodyShare& share) {
  beast::tcp_stream& stream = connection_.stream();
  const std::size_t most_bytes = config_.max_body_bytes;
  HeadParser head;
  head.header_limit(kMaxHeaderBytes);
  head.body_limit(boost::none);  // refuse_body() looks at it
  stream.expires_after(config_.request_timeout);
  const auto [error, bytes] = co_await http::async_read_header(stream, buffer_, head, kAwait);
  if (error) co_return Incoming{.refusal = answer_to(error, most_bytes)};
  HttpRequest request = to_request(head.get());
  bool keep_alive = head.get().keep_alive();
  const BodyRule rule = router_.body_rule(request);
  if (rule == BodyRule::ignored) {
    keep_alive = keep_alive && head.is_done();  // the bytes of a body are no request
  } else {
    auto refusal = refuse_body(head, rule, most_bytes, share);
    if (refusal) co_return Incoming{.refusal = std::move(refusal)};
    const error_code failure = co_await read_body(stream, buffer_, head, most_bytes, request.body);
    if (failure) co_return Incoming{.refusal = answer_to(failure, most_bytes)};
  }
  co_return Incoming{.request = std::move(request), .keep_alive = keep_alive};
}

}  // namespace ocelli::serve::internal
