#include "serve/internal/connections.h"

#include <cstddef>
#include <utility>
#include <variant>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

// NOLINTBEGIN(bugprone-unused-return-value): Boost's functions return the same error that they store in their argument.

namespace ocelli::serve::internal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxRefusals = 64;  // connections above the limit that still get a polite 503
constexpr std::chrono::seconds kTick{1};

}  // namespace

/// Keeps a connection in the list of those that stop() closes.
class Connections::Registered {
 public:
  Registered(Connections& all, Connection& connection) : all_(all), connection_(connection) {
    all_.connections_.insert(&connection_);
    all_.count_connections();
  }
  ~Registered() {
    all_.connections_.erase(&connection_);
    all_.count_connections();
  }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;

 private:
  Connections& all_;
  Connection& connection_;
};

Connections::Connections(const HttpServerConfig& config, const HttpServerServices& services,
                         const std::shared_ptr<asio::io_context>& context, asio::io_context& draw_context,
                         tcp::acceptor acceptor)
    : config_(config),
      metrics_(services.metrics),
      live_(services.live),
      logger_(services.logger),
      router_(RouteSources{services.live, services.metrics, readiness_, services.config_schema, services.inference,
                           services.models, services.history, services.editor, services.access}),
      context_(context),
      news_(std::make_shared<LiveNews>(context)),
      live_replies_(services.live, services.logger, config.heartbeat, *news_, draw_context),
      open_connections_(metrics_.gauge("ocelli_http_connections", "Open connections")),
      acceptor_(std::move(acceptor)),
      tick_(*context),
      changes_(*context),
      bodies_{.most_bytes = config.max_bodies_bytes} {}

void Connections::start() {
  live_.set_listener(news_);
  spawn(accept_connections());
  spawn(tick());
}

void Connections::stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  tick_.cancel();
  for (Connection* const connection : connections_) connection->close();
  news_->close();
  changes_.notify();
}

void Connections::spawn(asio::awaitable<void> coroutine) {
  asio::co_spawn(*context_, std::move(coroutine), [self = shared_from_this()](const std::exception_ptr& error) {
    if (error) self->report(error);
  });
}

void Connections::report(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    logger_.error("a connection ended unexpectedly", {{"reason", exception.what()}});
  }
}

asio::awaitable<void> Connections::tick() {
  while (!stopping_) {
    tick_.expires_after(kTick);
    co_await tick_.async_wait(kAwait);
    news_->notify_all();  // lets streams send their heartbeat
    changes_.notify();
  }
}

asio::awaitable<void> Connections::accept_connections() {
  auto refused = metrics_.counter("ocelli_http_connections_refused_total", "Connections above the limit");
  while (!stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (stopping_) break;
    if (error) {
      // Most likely out of file descriptors: closing connections will help, trying at once will not.
      logger_.warn("cannot accept a connection", {{"reason", error.message()}});
      co_await changes_.wait();
      continue;
    }
    if (connections_.size() < config_.max_connections) {
      spawn(serve_connection(std::move(socket)));
    } else {
      refused.add();
      if (connections_.size() < config_.max_connections + kMaxRefusals) spawn(refuse_connection(std::move(socket)));
    }
  }
}

asio::awaitable<void> Connections::serve_connection(tcp::socket socket) {
  Connection connection(std::move(socket), config_.write_timeout);
  const Registered registered(*this, connection);
  RequestReader reader(connection, config_, router_);
  while (!stopping_) {
    const bool keep = co_await serve_request(connection, reader);
    if (!keep) break;
  }
  co_await connection.hang_up();
}

asio::awaitable<void> Connections::refuse_connection(tcp::socket socket) {
  Connection connection(std::move(socket), config_.write_timeout);
  const Registered registered(*this, connection);
  HttpResponse response = problem(503, "too many connections; try again later");
  response.headers.emplace_back("Retry-After", "5");
  co_await connection.write_response(std::move(response), HttpMethod::get, false);
  co_await connection.hang_up();
}

asio::awaitable<bool> Connections::serve_request(Connection& connection, RequestReader& reader) {
  BodyShare share(bodies_);
  Incoming incoming = co_await reader.next(share);
  if (incoming.request) {
    const HttpMethod method = incoming.request->method;
    co_return co_await reply(connection, method, route(std::move(*incoming.request)), incoming.keep_alive);
  }
  if (!incoming.refusal) co_return false;
  count_answer(incoming.refusal->status);
  co_return co_await connection.write_response(std::move(*incoming.refusal), HttpMethod::get, false);
}

HttpReply Connections::route(HttpRequest request) const {
  const std::string target = request.target;
  try {
    return router_.route(std::move(request));
  } catch (const std::exception& exception) {
    return failed(target, exception);
  }
}

asio::awaitable<bool> Connections::reply(Connection& connection, HttpMethod method, HttpReply reply, bool keep_alive) {
  if (const auto* pictures = std::get_if<PictureStreamReply>(&reply)) {
    count_answer(200);
    co_await live_replies_.stream_pictures(connection, pictures->camera, method);
    co_return false;
  }
  if (const auto* events = std::get_if<EventStreamReply>(&reply)) {
    count_answer(200);
    co_await live_replies_.stream_events(connection, *events, method);
    co_return false;
  }
  HttpResponse response;
  if (const auto* picture = std::get_if<PictureReply>(&reply)) {
    response = co_await live_replies_.picture(picture->camera);
  } else if (auto* job = std::get_if<JobReply>(&reply)) {
    response = co_await job_response(std::move(*job));
  } else {
    response = std::move(std::get<HttpResponse>(reply));
  }
  count_answer(response.status);
  co_return co_await connection.write_response(std::move(response), method, keep_alive);
}

asio::awaitable<HttpResponse> Connections::job_response(JobReply job) {
  // Co-owned with the job, which may end after the server.
  const auto outcome = std::make_shared<std::optional<HttpResponse>>();
  if (auto failure = start_job(job, outcome)) co_return std::move(*failure);
  while (!*outcome && !stopping_) co_await changes_.wait();
  co_return outcome->has_value() ? std::move(**outcome) : problem(503, "the server ends");
}

std::optional<HttpResponse> Connections::start_job(const JobReply& job,
                                                   const std::shared_ptr<std::optional<HttpResponse>>& outcome) {
  try {
    job.start([context = context_, connections = weak_from_this(), outcome](HttpResponse response) {
      asio::post(*context, [connections, outcome, response = std::move(response)]() mutable {
        *outcome = std::move(response);
        if (const auto alive = connections.lock()) alive->changes_.notify();
      });
    });
    return std::nullopt;
  } catch (const std::exception& exception) {
    return failed("a job", exception);
  }
}

HttpResponse Connections::failed(const std::string& what, const std::exception& exception) const {
  logger_.error("a request failed", {{"target", what}, {"reason", exception.what()}});
  return problem(500, "the request failed; the server's log says why");
}

void Connections::count_answer(int status) {
  metrics_
      .counter("ocelli_http_requests_total", "Requests answered, by status code", {{"code", std::to_string(status)}})
      .add();
}

}  // namespace ocelli::serve::internal
// NOLINTEND(bugprone-unused-return-value)
