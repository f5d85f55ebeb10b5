// Longer than STYLE.md aims at, since all of Boost is in here: its headers take over a minute to compile.
#include "serve/http_server.h"

#include <atomic>
#include <cstring>
#include <map>
#include <optional>
#include <pthread.h>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <fmt/format.h>

#include "serve/readiness.h"
#include "serve/routes.h"

// One file, because Beast costs most of this room's build time each time it is included.
// NOLINTBEGIN(bugprone-unused-return-value): Boost's functions return the same error that they store in their argument.

namespace ocelli::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kMaxReadBytes = 64 * 1024;  // what Beast reads at once
constexpr std::size_t kMaxRefusals = 64;          // connections above the limit that still get a polite 503
// Of a body that is refused: who sends it looks for the answer only after it, and a reset would take that away.
constexpr std::size_t kMaxDrainedBytes = 32UL << 20U;
constexpr std::size_t kEventsPerWrite = 64;
constexpr std::chrono::seconds kTick{1};
// Bounds what a slow viewer has in flight, and with that how old the picture is that it sees.
constexpr int kStreamSendBufferBytes = 512 * 1024;
constexpr std::string_view kBoundary = "ocelli-picture";

using Stream = beast::tcp_stream;
using FieldList = std::vector<std::pair<std::string, std::string>>;

void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

/// A condition that coroutines of the I/O thread wait for.
class Signal {
 public:
  explicit Signal(asio::io_context& context) : timer_(context, asio::steady_timer::time_point::max()) {}

  asio::awaitable<void> wait() { co_await timer_.async_wait(kAwait); }
  void notify() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

using HeadParser = http::request_parser<http::empty_body>;

HttpMethod to_method(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::get;
    case http::verb::head:
      return HttpMethod::head;
    case http::verb::post:
      return HttpMethod::post;
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
  request.last_event_id = text(message["Last-Event-ID"]);
  request.content_type = text(message[http::field::content_type]);
  request.fetch_site = text(message["Sec-Fetch-Site"]);
  return request;
}

void set_common_fields(http::response_header<>& header, int status, const std::string& content_type) {
  header.version(11);
  header.result(static_cast<unsigned>(status));
  header.reason(beast::string_view(status_title(status).data(), status_title(status).size()));
  header.set(http::field::server, "ocelli");
  header.set("X-Content-Type-Options", "nosniff");
  header.set("Referrer-Policy", "no-referrer");
  if (!content_type.empty()) header.set(http::field::content_type, content_type);
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

base::Result<tcp::acceptor> listen(asio::io_context& context, const tcp::endpoint& endpoint) {
  tcp::acceptor acceptor(context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(endpoint, error);
  return acceptor;
}

class Server;

/// Brings the view's news from the cameras' strands to the I/O thread. Outlives the server when a call is under way.
class Wake final : public LiveListener {
 public:
  explicit Wake(std::shared_ptr<asio::io_context> context, std::weak_ptr<Server> server)
      : context_(std::move(context)), server_(std::move(server)) {}

  void on_frame(const std::string& camera) override;
  void on_event() override;

  void viewer_came() { ++viewers_; }
  void viewer_left() { --viewers_; }

 private:
  const std::shared_ptr<asio::io_context> context_;  // co-owned with the server: posting to it is always possible
  const std::weak_ptr<Server> server_;
  std::atomic<int> viewers_ = 0;                 // of pictures: without any, frames need not wake the I/O thread
  std::atomic<bool> event_wake_posted_ = false;  // so that a burst of events wakes once
};

/// All that lives on the I/O thread. Co-owned by the HttpServer and by the coroutines in progress.
class Server : public std::enable_shared_from_this<Server> {
 public:
  Server(const HttpServerConfig& config, const HttpServerServices& services, std::shared_ptr<asio::io_context> context,
         asio::io_context& draw_context, tcp::acceptor acceptor)
      : config_(config),
        live_(services.live),
        metrics_(services.metrics),
        logger_(services.logger),
        router_(RouteSources{services.live, services.metrics, readiness_, services.config_schema, services.inference,
                             services.models}),
        context_(std::move(context)),
        draw_context_(draw_context),
        acceptor_(std::move(acceptor)),
        events_(*context_),
        jobs_(*context_),
        tick_(*context_) {}

  Readiness& readiness() { return readiness_; }

  void start() {
    wake_ = std::make_shared<Wake>(context_, weak_from_this());
    live_.set_listener(wake_);
    spawn(accept_connections());
    spawn(tick());
  }

  /// On the I/O thread. Every coroutine then ends by itself: its socket is closed, its signal is given.
  void stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    tick_.cancel();
    for (Stream* const stream : streams_) stream->socket().close(ignored);
    notify_all();
  }

  void frame_arrived(const std::string& camera) {
    const auto found = frames_.find(camera);
    if (found != frames_.end()) found->second.notify();
  }
  void event_arrived() { events_.notify(); }

 private:
  void spawn(asio::awaitable<void> coroutine) {
    asio::co_spawn(*context_, std::move(coroutine), [self = shared_from_this()](const std::exception_ptr& error) {
      if (error) self->report(error);
    });
  }

  void report(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      logger_.error("a connection ended unexpectedly", {{"reason", exception.what()}});
    }
  }

  void notify_all() {
    events_.notify();
    jobs_.notify();
    for (auto& [camera, signal] : frames_) signal.notify();
  }

  asio::awaitable<void> tick() {
    while (!stopping_) {
      tick_.expires_after(kTick);
      co_await tick_.async_wait(kAwait);
      notify_all();  // lets streams send their heartbeat
    }
  }

  asio::awaitable<void> accept_connections() {
    auto refused = metrics_.counter("ocelli_http_connections_refused_total", "Connections above the limit");
    while (!stopping_) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (stopping_) break;
      if (error) {
        // Most likely out of file descriptors: closing connections will help, trying at once will not.
        logger_.warn("cannot accept a connection", {{"reason", error.message()}});
        co_await events_.wait();
        continue;
      }
      if (streams_.size() < config_.max_connections) {
        spawn(serve_connection(std::move(socket)));
      } else {
        refused.add();
        if (streams_.size() < config_.max_connections + kMaxRefusals) spawn(refuse_connection(std::move(socket)));
      }
    }
  }

  /// Keeps a stream in the list of those that stop() closes.
  class Registered {
   public:
    Registered(Server& server, Stream& stream) : server_(server), stream_(stream) {
      server_.streams_.insert(&stream_);
      server_.count_connections();
    }
    ~Registered() {
      server_.streams_.erase(&stream_);
      server_.count_connections();
    }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

   private:
    Server& server_;
    Stream& stream_;
  };

  void count_connections() { connections_.set(static_cast<double>(streams_.size())); }

  asio::awaitable<void> serve_connection(tcp::socket socket) {
    Stream stream(std::move(socket));
    const Registered registered(*this, stream);
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    beast::flat_buffer buffer(kMaxHeaderBytes + kMaxReadBytes);
    while (!stopping_) {
      const bool keep = co_await serve_request(stream, buffer);
      if (!keep) break;
    }
    co_await hang_up(stream);
  }

  asio::awaitable<void> refuse_connection(tcp::socket socket) {
    Stream stream(std::move(socket));
    const Registered registered(*this, stream);
    HttpResponse response = problem(503, "too many connections; try again later");
    response.headers.emplace_back("Retry-After", "5");
    co_await write_response(stream, std::move(response), HttpMethod::get, false);
    co_await hang_up(stream);
  }

  /// A request's part of the memory that bodies may take; given back when it is answered.
  class BodyShare {
   public:
    explicit BodyShare(Server& server) : server_(server) {}
    ~BodyShare() { server_.bodies_bytes_ -= bytes_; }
    BodyShare(const BodyShare&) = delete;
    BodyShare& operator=(const BodyShare&) = delete;

    /// False when too much is taken already. Once.
    bool take(std::size_t bytes) {
      if (server_.bodies_bytes_ + bytes > server_.config_.max_bodies_bytes) return false;
      server_.bodies_bytes_ += bytes;
      bytes_ = bytes;
      return true;
    }

   private:
    Server& server_;
    std::size_t bytes_ = 0;
  };

  /// False when the connection is done.
  asio::awaitable<bool> serve_request(Stream& stream, beast::flat_buffer& buffer) {
    HeadParser head;
    head.header_limit(kMaxHeaderBytes);
    head.body_limit(boost::none);  // refuse_body() looks at it
    stream.expires_after(config_.request_timeout);
    const auto [error, bytes] = co_await http::async_read_header(stream, buffer, head, kAwait);
    if (error) co_return co_await say_and_end(stream, answer_to(error, config_.max_body_bytes));
    HttpRequest request = to_request(head.get());
    const HttpMethod method = request.method;
    bool keep_alive = head.get().keep_alive();
    BodyShare share(*this);
    const BodyRule rule = router_.body_rule(request);
    if (rule == BodyRule::ignored) {
      keep_alive = keep_alive && head.is_done();  // the bytes of a body are no request
    } else {
      auto refusal = refuse_body(head, rule, share);
      if (refusal) co_return co_await say_and_end(stream, std::move(refusal));
      const error_code failure = co_await read_body(stream, buffer, head, config_.max_body_bytes, request.body);
      if (failure) co_return co_await say_and_end(stream, answer_to(failure, config_.max_body_bytes));
    }
    co_return co_await reply(stream, method, route(std::move(request)), keep_alive);
  }

  /// Says why not, if there is anything to be said; the connection is done.
  asio::awaitable<bool> say_and_end(Stream& stream, std::optional<HttpResponse> answer) {
    if (!answer) co_return false;
    count_answer(answer->status);
    co_return co_await write_response(stream, std::move(*answer), HttpMethod::get, false);
  }

  /// Why a body is not read, from what the head says of it. Takes the share that it needs.
  std::optional<HttpResponse> refuse_body(const HeadParser& head, BodyRule rule, BodyShare& share) const {
    const auto length = head.content_length();
    if (rule == BodyRule::required && !length && !head.chunked()) {
      return problem(411, "this needs a body: send it with its Content-Length");
    }
    if (length && *length > config_.max_body_bytes) return too_large(config_.max_body_bytes);
    const std::size_t needed = head.chunked() ? config_.max_body_bytes : length.value_or(0);
    if (!share.take(needed)) return busy("too many requests with a body are under way; try again later");
    return std::nullopt;
  }

  /// Within what is left of the request's time. The head is of no use after it.
  static asio::awaitable<error_code> read_body(Stream& stream, beast::flat_buffer& buffer, HeadParser& head,
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

  HttpReply route(HttpRequest request) const {
    const std::string target = request.target;
    try {
      return router_.route(std::move(request));
    } catch (const std::exception& exception) {
      return failed(target, exception);
    }
  }

  HttpResponse failed(const std::string& what, const std::exception& exception) const {
    logger_.error("a request failed", {{"target", what}, {"reason", exception.what()}});
    return problem(500, "the request failed; the server's log says why");
  }

  asio::awaitable<bool> reply(Stream& stream, HttpMethod method, HttpReply reply, bool keep_alive) {
    if (const auto* pictures = std::get_if<PictureStreamReply>(&reply)) {
      count_answer(200);
      co_await stream_pictures(stream, pictures->camera, method);
      co_return false;
    }
    if (const auto* events = std::get_if<EventStreamReply>(&reply)) {
      count_answer(200);
      co_await stream_events(stream, *events, method);
      co_return false;
    }
    HttpResponse response;
    if (const auto* picture = std::get_if<PictureReply>(&reply)) {
      response = co_await picture_response(picture->camera);
    } else if (auto* job = std::get_if<JobReply>(&reply)) {
      response = co_await job_response(std::move(*job));
    } else {
      response = std::move(std::get<HttpResponse>(reply));
    }
    count_answer(response.status);
    co_return co_await write_response(stream, std::move(response), method, keep_alive);
  }

  void count_answer(int status) {
    metrics_
        .counter("ocelli_http_requests_total", "Requests answered, by status code", {{"code", std::to_string(status)}})
        .add();
  }

  asio::awaitable<bool> write_response(Stream& stream, HttpResponse response, HttpMethod method, bool keep_alive) {
    http::response<http::string_body> message;
    set_common_fields(message, response.status, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(keep_alive);
    message.body() = std::move(response.body);
    // A 304 and an answer to HEAD tell the length of what they leave out, or nothing.
    if (response.status != 304) message.prepare_payload();
    http::response_serializer<http::string_body> serializer(message);
    stream.expires_after(config_.write_timeout);
    if (method == HttpMethod::head) {
      const auto [error, bytes] = co_await http::async_write_header(stream, serializer, kAwait);
      co_return !error && keep_alive;
    }
    const auto [error, bytes] = co_await http::async_write(stream, serializer, kAwait);
    co_return !error && keep_alive;
  }

  /// Lets the peer read the last answer: closing with unread input would reset the connection and destroy it.
  asio::awaitable<void> hang_up(Stream& stream) {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream.expires_after(std::chrono::seconds(1));
    std::array<char, 16384> sink;
    for (std::size_t drained = 0; drained < kMaxDrainedBytes;) {
      const auto [error, bytes] = co_await stream.async_read_some(asio::buffer(sink), kAwait);
      if (error) break;
      drained += bytes;
    }
    stream.socket().close(ignored);
  }

  /// The header of an answer without an end. False when the peer is gone or asked for the header only.
  asio::awaitable<bool> begin_stream(Stream& stream, const std::string& content_type, HttpMethod method) {
    error_code ignored;
    stream.socket().set_option(asio::socket_base::send_buffer_size(kStreamSendBufferBytes), ignored);
    stream.socket().set_option(asio::socket_base::keep_alive(true), ignored);
    http::response<http::empty_body> message;
    set_common_fields(message, 200, content_type);
    message.set(http::field::cache_control, "no-store");
    message.set("X-Accel-Buffering", "no");  // reverse proxies must not collect it
    message.keep_alive(false);
    http::response_serializer<http::empty_body> serializer(message);
    stream.expires_after(config_.write_timeout);
    const auto [error, bytes] = co_await http::async_write_header(stream, serializer, kAwait);
    co_return !error && method != HttpMethod::head;
  }

  asio::awaitable<bool> write(Stream& stream, asio::const_buffer first, asio::const_buffer second,
                              asio::const_buffer third) {
    const std::array<asio::const_buffer, 3> buffers{first, second, third};
    stream.expires_after(config_.write_timeout);
    const auto [error, bytes] = co_await asio::async_write(stream, buffers, kAwait);
    co_return !error;
  }

  asio::awaitable<bool> write(Stream& stream, const std::string& text) {
    const bool written = co_await write(stream, asio::buffer(text), asio::const_buffer(), asio::const_buffer());
    co_return written;
  }

  asio::awaitable<void> stream_events(Stream& stream, EventStreamReply wanted, HttpMethod method) {
    bool alive = co_await begin_stream(stream, "text/event-stream", method);
    if (alive) alive = co_await write(stream, "retry: 2000\n\n");
    auto last_write = std::chrono::steady_clock::now();
    while (alive && !stopping_) {
      const RingBatch batch = live_.events().after(wanted.after, kEventsPerWrite, wanted.camera);
      wanted.after = batch.next;
      std::string text = event_stream_text(batch);
      if (text.empty() && std::chrono::steady_clock::now() - last_write >= config_.heartbeat) text = ":\n\n";
      if (text.empty()) {
        if (batch.next == live_.events().last_number()) co_await events_.wait();
        continue;
      }
      alive = co_await write(stream, text);
      last_write = std::chrono::steady_clock::now();
    }
  }

  std::string event_stream_text(const RingBatch& batch) const {
    std::string text;
    if (batch.missed > 0) text += fmt::format("event: gap\ndata: {{\"missed\":{}}}\n\n", batch.missed);
    for (const RingEvent& event : batch.events) {
      text += fmt::format("id: {}\ndata: {}\n\n", live_.events().cursor(event.number), *event.json);
    }
    return text;
  }

  /// Counts a viewer of pictures for as long as it lives.
  class Viewer {
   public:
    explicit Viewer(Wake& wake) : wake_(wake) { wake_.viewer_came(); }
    ~Viewer() { wake_.viewer_left(); }
    Viewer(const Viewer&) = delete;
    Viewer& operator=(const Viewer&) = delete;

   private:
    Wake& wake_;
  };

  asio::awaitable<void> stream_pictures(Stream& stream, std::string camera, HttpMethod method) {
    const Viewer viewer(*wake_);
    Signal& news = frames_.try_emplace(camera, *context_).first->second;
    const std::string opening = fmt::format("--{}\r\n", kBoundary);
    bool alive =
        co_await begin_stream(stream, fmt::format("multipart/x-mixed-replace; boundary={}", kBoundary), method);
    if (alive) alive = co_await write(stream, opening);
    std::uint64_t shown = 0;
    auto last_write = std::chrono::steady_clock::now();
    while (alive && !stopping_) {
      const auto newest = live_.generation(camera);
      if (!newest) break;  // the camera was removed
      // Repeating the last picture finds out whether the viewer is still there.
      const bool due = shown != 0 && std::chrono::steady_clock::now() - last_write >= config_.heartbeat;
      if (*newest == shown && !due) {
        co_await news.wait();
        continue;
      }
      const PictureOutcome picture = co_await draw(camera);
      if (!picture->has_value()) {
        logger_.for_camera(camera).warn("cannot draw the live picture", {{"reason", picture->error().message()}});
        co_await news.wait();
        continue;
      }
      shown = (**picture)->generation;
      alive = co_await write_part(stream, ***picture);
      last_write = std::chrono::steady_clock::now();
    }
  }

  asio::awaitable<bool> write_part(Stream& stream, const Picture& picture) {
    const std::string header =
        fmt::format("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.jpeg.size());
    // The boundary that ends a part goes with it: browsers show a part when they see its end.
    const std::string trailer = fmt::format("\r\n--{}\r\n", kBoundary);
    const bool written =
        co_await write(stream, asio::buffer(header), asio::buffer(picture.jpeg), asio::buffer(trailer));
    co_return written;
  }

  asio::awaitable<HttpResponse> picture_response(std::string camera) {
    const PictureOutcome picture = co_await draw(camera);
    if (!picture->has_value()) co_return problem(picture->error());
    HttpResponse response;
    response.content_type = "image/jpeg";
    const media::Bytes& jpeg = (**picture)->jpeg;
    response.body.assign(jpeg.begin(), jpeg.end());
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
  }

  asio::awaitable<HttpResponse> job_response(JobReply job) {
    // Co-owned with the job, which may end after the server.
    const auto outcome = std::make_shared<std::optional<HttpResponse>>();
    if (auto failure = start_job(job, outcome)) co_return std::move(*failure);
    while (!*outcome && !stopping_) co_await jobs_.wait();
    co_return outcome->has_value() ? std::move(**outcome) : problem(503, "the server ends");
  }

  /// Brings the job's answer to this thread.
  std::optional<HttpResponse> start_job(const JobReply& job,
                                        const std::shared_ptr<std::optional<HttpResponse>>& outcome) {
    try {
      job.start([context = context_, server = weak_from_this(), outcome](HttpResponse response) {
        asio::post(*context, [server, outcome, response = std::move(response)]() mutable {
          *outcome = std::move(response);
          if (const auto alive = server.lock()) alive->jobs_.notify();
        });
      });
      return std::nullopt;
    } catch (const std::exception& exception) {
      return failed("a job", exception);
    }
  }

  using PictureOutcome = std::unique_ptr<base::Result<PicturePtr>>;  // a pointer: co_spawn wants a default value

  /// Never null. Draws on the other thread, so that this one goes on serving.
  asio::awaitable<PictureOutcome> draw(const std::string& camera) {
    auto [error, outcome] = co_await asio::co_spawn(draw_context_, draw_now(camera), kAwait);
    if (error || !outcome) {
      co_return std::make_unique<base::Result<PicturePtr>>(base::Error(base::Code::internal, "drawing failed"));
    }
    co_return std::move(outcome);
  }
  asio::awaitable<PictureOutcome> draw_now(std::string camera) {
    co_return std::make_unique<base::Result<PicturePtr>>(live_.picture(camera));
  }

  const HttpServerConfig config_;
  LiveView& live_;
  base::Metrics& metrics_;
  const base::Logger logger_;
  Readiness readiness_;
  const Router router_;
  const std::shared_ptr<asio::io_context> context_;
  asio::io_context& draw_context_;
  base::Gauge connections_ = metrics_.gauge("ocelli_http_connections", "Open connections");
  tcp::acceptor acceptor_;
  Signal events_;
  Signal jobs_;                           // one of them is done
  std::size_t bodies_bytes_ = 0;          // what BodyShares hold
  std::map<std::string, Signal> frames_;  // by camera; only cameras that were looked at
  asio::steady_timer tick_;
  std::set<Stream*> streams_;
  std::shared_ptr<Wake> wake_;  // co-owned with the view
  bool stopping_ = false;
};

void Wake::on_frame(const std::string& camera) {
  if (viewers_ == 0) return;
  asio::post(*context_, [server = server_, camera] {
    if (const auto alive = server.lock()) alive->frame_arrived(camera);
  });
}

void Wake::on_event() {
  if (event_wake_posted_.exchange(true)) return;
  asio::post(*context_, [this, server = server_] {
    const auto alive = server.lock();  // and with it this object, which it co-owns
    if (!alive) return;
    event_wake_posted_ = false;
    alive->event_arrived();
  });
}

class HttpServerThreads final : public HttpServer {
 public:
  HttpServerThreads(const HttpServerConfig& config, const HttpServerServices& services, tcp::acceptor acceptor,
                    std::shared_ptr<asio::io_context> context)
      : live_(services.live),
        context_(std::move(context)),
        draw_work_(draw_context_.get_executor()),
        endpoint_(acceptor.local_endpoint()),
        server_(std::make_shared<Server>(config, services, context_, draw_context_, std::move(acceptor))) {
    server_->start();
    io_thread_ = std::jthread([this] {
      name_thread("serve-io");
      context_->run();
    });
    draw_thread_ = std::jthread([this] {
      name_thread("serve-draw");
      draw_context_.run();
    });
  }
  ~HttpServerThreads() override { stop(); }

  int port() const override { return endpoint_.port(); }
  std::string address() const override {
    const bool bracketed = endpoint_.address().is_v6();
    const std::string host = endpoint_.address().to_string();
    return fmt::format("http://{}:{}/", bracketed ? "[" + host + "]" : host, endpoint_.port());
  }
  void set_ready() override { server_->readiness().set_ready(); }
  void set_not_ready(std::string reason) override { server_->readiness().set_not_ready(std::move(reason)); }

  void stop() override {
    if (!io_thread_.joinable()) return;
    live_.set_listener(nullptr);
    asio::post(*context_, [server = server_] { server->stop(); });
    io_thread_.join();
    draw_work_.reset();
    draw_thread_.join();
  }

 private:
  LiveView& live_;
  const std::shared_ptr<asio::io_context> context_;  // co-owned with Wake, which may post after the end
  asio::io_context draw_context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> draw_work_;
  const tcp::endpoint endpoint_;
  const std::shared_ptr<Server> server_;
  std::jthread io_thread_;
  std::jthread draw_thread_;
};

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerConfig& config,
                                                            const HttpServerServices& services) {
  try {
    OC_TRY(const auto endpoint, parse_endpoint(config));
    if (!endpoint.address().is_loopback()) {
      services.logger.warn("everybody who reaches this address can watch: there is no authentication yet",
                           {{"bind", config.bind}});
    }
    auto context = std::make_shared<asio::io_context>(1);
    OC_TRY(auto acceptor, listen(*context, endpoint));
    return std::make_unique<HttpServerThreads>(config, services, std::move(acceptor), std::move(context));
  } catch (const std::exception& exception) {
    return base::Error(base::Code::internal, fmt::format("the HTTP server cannot start: {}", exception.what()));
  }
}

}  // namespace ocelli::serve
// NOLINTEND(bugprone-unused-return-value)
